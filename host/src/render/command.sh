# What starts a command: the beginning of the scripts of a container's first process (entry.sh) and
# of one that joins it (execute/join.sh). They use shell builtins only, so that they work in any
# image with a /bin/sh.

# How often to read the mounts before one counts as missing: bash reads blocks and seeks back to the
# end of a line, so that it skips lines where another mount goes away meanwhile.
paude_attempts=20

# Whether /etc/passwd has no line for the user id of this process. In a subshell, as all that could
# set a variable of the command.
is_unknown_user() (
  uid=
  while [ -z "$uid" ] && read -r key value _; do
    [ "$key" != Uid: ] || uid=$value
  done </proc/self/status
  [ -n "$uid" ] || exit 1
  while IFS=: read -r _ _ id _ || [ -n "$id" ]; do
    [ "$id" != "$uid" ] || exit 1
  done </etc/passwd
  exit 0
) 2>/dev/null

# set_defaults ENVIRONMENT PROGRAMS
# Sets the variables that setup and command get unless they are set. `bin` in ENVIRONMENT comes
# first on PATH, then the directories of PROGRAMS, each after a `:`; both may be empty.
set_defaults() {
  # A shadow is a file system of its own, so hard links from uv's cache into it cannot work.
  export UV_LINK_MODE="${UV_LINK_MODE-copy}"
  # For a user id that the image does not define, engines set HOME to `/`.
  [ "${HOME:-/}" != / ] || [ -w / ] || export HOME=/tmp
  # For a user id that the image does not know, Python's `getpass.getuser()` fails without these.
  if [ -z "${USER-}" ] || [ -z "${LOGNAME-}" ]; then
    if is_unknown_user; then
      export USER="${USER:-${LOGNAME:-paude}}"
      export LOGNAME="${LOGNAME:-$USER}"
    fi
  fi
  [ -z "$2" ] || export PATH="${2#:}:$PATH"
  [ -z "$1" ] || export PATH="$1/bin:$PATH"
}

# start_command [COMMAND...]
# Becomes the command, or a shell if there is none, with the environment at paude_environment active
# if it is there by now, and the variables that the text in paude_variables sets.
start_command() {
  if [ -n "$paude_environment" ] && [ -x "$paude_environment/bin/python" ]; then
    export VIRTUAL_ENV="$paude_environment"
  fi
  if [ $# -eq 0 ]; then
    for paude_shell in "${SHELL-}" /bin/bash /bin/sh; do
      [ ! -x "$paude_shell" ] || break
    done
    set -- "$paude_shell"
  fi
  [ -z "$paude_variables" ] || eval "$paude_variables" || exit
  case $1 in
    */*) ;;
    *)
      if ! command -v "$1" >/dev/null; then
        printf 'paude: cannot run `%s`: not found\n' "$1" >&2
        exit 127
      fi
      ;;
  esac
  exec "$@"
}

