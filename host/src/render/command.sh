# What starts a command: the beginning of the scripts of a container's first process (entry.sh) and
# of one that joins it (execute/join.sh). They use shell builtins only, so that they work in any
# image with a /bin/sh.

# How often to read the mounts before one counts as missing: bash reads blocks and seeks back to the
# end of a line, so that it skips lines where another mount goes away meanwhile.
paude_attempts=20

# The variables of what is not called in a subshell begin with `paude_`, as any other could be one of
# the command.

# read_fdinfo KEY DIRECTORY
# Sets `paude_info` to what the kernel shows of the directory once it is open; to nothing if it
# cannot be opened, or the kernel shows no KEY.
read_fdinfo() {
  paude_info=
  {
    while read -r paude_key paude_value; do
      [ "$paude_key" != "$1:" ] || paude_info=$paude_value
    done </proc/self/fdinfo/3
  } 2>/dev/null 3<"$2"
}

# is_mount DIRECTORY: whether it is seen to be a mount, as it is in another one than its parent.
is_mount() {
  # A link could lead to any other mount.
  [ ! -L "$1" ] || return 1
  read_fdinfo mnt_id "$1"
  paude_id=$paude_info
  [ -n "$paude_id" ] || return 1
  read_fdinfo mnt_id "$1/.."
  [ -n "$paude_info" ] && [ "$paude_info" != "$paude_id" ]
}

# are_mounts COUNT (PATH MOUNTINFO_PATH)...
# Whether each path is seen to be a mount. For a few this is faster than to search for them in
# /proc/self/mountinfo, as dash reads byte by byte; for many it does not try.
are_mounts() {
  paude_left=$1
  [ "$paude_left" -le 20 ] || return 1
  shift
  while [ "$paude_left" -gt 0 ]; do
    is_mount "$1" || return 1
    paude_left=$((paude_left - 1))
    shift 2
  done
}

# Whether /etc/passwd has no line for the user id of this process.
is_unknown_user() {
  paude_uid=
  while [ -z "$paude_uid" ] && read -r paude_key paude_value paude_rest; do
    [ "$paude_key" != Uid: ] || paude_uid=$paude_value
  done </proc/self/status
  [ -n "$paude_uid" ] || return 1
  while IFS=: read -r paude_key paude_value paude_id paude_rest || [ -n "$paude_id" ]; do
    [ "$paude_id" != "$paude_uid" ] || return 1
  done </etc/passwd
  return 0
} 2>/dev/null

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

