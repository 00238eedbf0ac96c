# The first process of the container. Only the shell's own words are used, so that
# any image with a /bin/sh will do. Arguments, made by entry.rs:
#   SETUP ENVIRONMENT KIND COUNT (PATH SPELLING) x COUNT [COMMAND...]
# where KIND is `tmpfs` or `volume`, SPELLING is PATH as /proc/self/mountinfo spells it.

# A signal ends what runs below, not this shell, which then says how it ended. The setup
# is killed: between fork and exec it would lose any other signal, and so would a shell in
# there that is just starting something. What is left of it ends with the container.
ended= in_setup=
end() {
  ended=$1
  [ -z "$in_setup" ] || kill -KILL "$!" 2>/dev/null
}
trap 'end 129' HUP
trap 'end 130' INT
trap 'end 131' QUIT
trap 'end 143' TERM

stop() {
  case $when in before) what='nothing was' ;; *) what='the command was not' ;; esac
  printf 'paude: guard: `%s` %s; %s run\n' "$1" "$2" "$what" >&2
  exit 120
}

# COUNT (PATH SPELLING)...: sets `wanted` to the spellings, a space around each.
spellings() {
  left=$1 wanted=' '
  shift
  while [ "$left" -gt 0 ]; do
    wanted="$wanted$2 "
    left=$((left - 1))
    shift 2
  done
}

# WHEN COUNT (PATH SPELLING)...: proves that each shadow is its own mount.
guard() {
  when=$1 count=$2 seen=' '
  shift
  spellings "$@"
  shift
  while IFS=' ' read -r _ _ _ _ point options rest; do
    case $wanted in
      *" $point "*) type=${rest#*- } seen="$seen$point ${type%% *} $options " ;;
    esac
  done </proc/self/mountinfo
  while [ "$count" -gt 0 ]; do
    last=${seen##*" $2 "}
    [ "$last" != "$seen" ] || stop "$1" 'is not hidden: no mount of its own lies over it'
    options=,${last#* }
    options=${options%% *},
    [ "$kind" = volume ] || [ "${last%% *}" = tmpfs ] || stop "$1" "is hidden by a ${last%% *}, not a tmpfs"
    case $options in *,noexec,*) stop "$1" 'is hidden by a mount that forbids execution' ;; esac
    case $options in *,rw,*) ;; *) stop "$1" 'is hidden by a read-only mount' ;; esac
    if [ "$when" = before ]; then
      [ -w "$1" ] || stop "$1" 'is hidden by a directory that cannot be written'
      for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        # A volume keeps what an earlier run made.
        [ "$kind" = tmpfs ] || break
        if [ -e "$entry" ] || [ -L "$entry" ]; then stop "$1" 'is not empty'; fi
      done
    fi
    shift 2
    count=$((count - 1))
  done
}

setup=$1 environment=$2 kind=$3 shadows=$4
shift 4
guard before "$shadows" "$@"

# A shadow is another file system, so that hard links from a cache cannot work.
export UV_LINK_MODE="${UV_LINK_MODE-copy}"
# Under a user id that the image does not know, engines set HOME to `/`.
[ "${HOME:-/}" != / ] || [ -w / ] || export HOME=/tmp
[ -z "$environment" ] || export PATH="$environment/bin:$PATH"

pairs=$((shadows * 2))
[ -z "$ended" ] || exit "$ended"
if [ -n "$setup" ]; then
  # Its output is not the command's: whoever pipes that on wants it clean.
  in_setup=y
  /bin/sh -c "$setup" </dev/null >&2 &
  [ -z "$ended" ] || end "$ended"
  wait "$!" 2>/dev/null
  code=$?
  in_setup=
  [ -z "$ended" ] || code=$ended
  if [ "$code" -ne 0 ]; then
    if [ $# -gt "$pairs" ] || [ "$code" -gt 128 ] || [ ! -t 0 ]; then
      printf 'paude: setup ended with code %s; the command was not run\n' "$code" >&2
      exit "$code"
    fi
    printf 'paude: warning: setup ended with code %s; here is a shell all the same\n' "$code" >&2
  fi
  guard after "$shadows" "$@"
fi
shift "$pairs"
[ -z "$ended" ] || exit "$ended"

[ ! -x "$environment/bin/python" ] || export VIRTUAL_ENV="$environment"
if [ $# -eq 0 ]; then
  for shell in "${SHELL-}" /bin/bash /bin/sh; do
    [ ! -x "$shell" ] || break
  done
  set -- "$shell"
fi
case $1 in
  */*) ;;
  *)
    if ! command -v "$1" >/dev/null; then
      printf 'paude: cannot run `%s`: not found\n' "$1" >&2
      exit 127
    fi
    ;;
esac
(exec "$@")
exit $?
