# The first process of the container. Only the shell's own words are used, so that
# any image with a /bin/sh will do. Arguments, made by entry.rs:
#   SETUP ENVIRONMENT KIND COUNT (PATH SPELLING) x COUNT [COMMAND...]
# where KIND is `tmpfs` or `volume`, SPELLING is PATH as /proc/self/mountinfo spells it.

# A signal ends what runs below, not this shell, which then says how it ended. The setup
# is killed: between fork and exec it would lose any other signal, and so would a shell in
# there that is just starting something. What is left of it ends with the container.
paude_ended= paude_in_setup=
end() {
  paude_ended=$1
  [ -z "$paude_in_setup" ] || kill -KILL "$!" 2>/dev/null
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

# COUNT (PATH SPELLING)...: sets path_N and point_N, and `points` to the spellings, a
# space around each. Numbered variables, as to look for one text in the text of all takes
# minutes for some hundred shadows.
remember() {
  n=0 count=$1 points=' '
  shift
  while [ "$n" -lt "$count" ]; do
    points="$points$2 "
    eval "path_$n=\$1 point_$n=\$2"
    n=$((n + 1))
    shift 2
  done
}

# Sets type_N and options_N of each shadow to those of the last mount at its point: that
# one lies on top. Mounts tend to stand in the order of the shadows.
look() {
  n=0
  while [ "$n" -lt "$count" ]; do
    eval "type_$n="
    n=$((n + 1))
  done
  next=0
  while IFS=' ' read -r _ _ _ _ point options rest; do
    eval "expected=\$point_$next"
    if [ "$point" != "$expected" ]; then
      case $points in *" $point "*) ;; *) continue ;; esac
      while [ "$point" != "$expected" ]; do
        next=$(((next + 1) % count))
        eval "expected=\$point_$next"
      done
    fi
    type=${rest#*- }
    type=${type%% *}
    eval "type_$next=\$type options_$next=,\$options,"
    next=$(((next + 1) % count))
  done </proc/self/mountinfo
}

# WHEN: proves that each shadow is a mount of its own, of the kind planned.
guard() {
  when=$1
  look
  n=0
  while [ "$n" -lt "$count" ]; do
    eval "path=\$path_$n type=\$type_$n options=\$options_$n"
    n=$((n + 1))
    [ -n "$type" ] || stop "$path" 'is not hidden: no mount of its own lies over it'
    [ "$paude_kind" = volume ] || [ "$type" = tmpfs ] || stop "$path" "is hidden by a $type, not a tmpfs"
    case $options in *,noexec,*) stop "$path" 'is hidden by a mount that forbids execution' ;; esac
    case $options in *,rw,*) ;; *) stop "$path" 'is hidden by a read-only mount' ;; esac
    [ "$when" = before ] || continue
    [ -w "$path" ] || stop "$path" 'is hidden by a directory that cannot be written'
    # A volume keeps what an earlier run made.
    [ "$paude_kind" = tmpfs ] || continue
    for entry in "$path"/* "$path"/.[!.]* "$path"/..?*; do
      if [ -e "$entry" ] || [ -L "$entry" ]; then stop "$path" 'is not empty'; fi
    done
  done
}

paude_setup=$1 paude_environment=$2 paude_kind=$3 paude_shadows=$4
shift 4
# Apart, as all variables of the container are the command's, whatever their names.
(remember "$paude_shadows" "$@" && guard before) || exit

# A shadow is another file system, so that hard links from a cache cannot work.
export UV_LINK_MODE="${UV_LINK_MODE-copy}"
# Under a user id that the image does not know, engines set HOME to `/`.
[ "${HOME:-/}" != / ] || [ -w / ] || export HOME=/tmp
[ -z "$paude_environment" ] || export PATH="$paude_environment/bin:$PATH"

paude_pairs=$((paude_shadows * 2))
[ -z "$paude_ended" ] || exit "$paude_ended"
if [ -n "$paude_setup" ]; then
  # Its output is not the command's: whoever pipes that on wants it clean.
  paude_in_setup=y
  /bin/sh -c "$paude_setup" </dev/null >&2 &
  [ -z "$paude_ended" ] || end "$paude_ended"
  wait "$!" 2>/dev/null
  paude_code=$?
  paude_in_setup=
  [ -z "$paude_ended" ] || paude_code=$paude_ended
  if [ "$paude_code" -ne 0 ]; then
    if [ $# -gt "$paude_pairs" ] || [ "$paude_code" -gt 128 ] || [ ! -t 0 ]; then
      printf 'paude: setup ended with code %s; the command was not run\n' "$paude_code" >&2
      exit "$paude_code"
    fi
    printf 'paude: warning: setup ended with code %s; here is a shell all the same\n' "$paude_code" >&2
  fi
  (remember "$paude_shadows" "$@" && guard after) || exit
fi
shift "$paude_pairs"
[ -z "$paude_ended" ] || exit "$paude_ended"

[ ! -x "$paude_environment/bin/python" ] || export VIRTUAL_ENV="$paude_environment"
if [ $# -eq 0 ]; then
  for paude_shell in "${SHELL-}" /bin/bash /bin/sh; do
    [ ! -x "$paude_shell" ] || break
  done
  set -- "$paude_shell"
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
