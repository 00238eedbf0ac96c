# The first process of the container. The functions of command.sh stand in front. Arguments, written
# by entry.rs:
#   SETUP ON_PATH VOLUMES VARIABLES INODE WITNESS ACCESS COUNT DIRECTORIES
#   (PATH MOUNTINFO_PATH) x (1 + COUNT)
#   (PATH MOUNTINFO_PATH INODE WITNESS ACCESS) x DIRECTORIES
#   [COMMAND...]
# ON_PATH is the environment whose `bin` comes first on PATH, or nothing; then, each after a `:`,
# directories that follow it there. VOLUMES is how many of the shadows, the first ones, are volumes:
# of any type, with anything in them. The others are tmpfs, which are empty. In an export it may be two numbers, `TYPES FILLED`:
# how many may be of another type than tmpfs, and how many need not be empty. VARIABLES
# is shell text that sets variables of setup and command; it is only evaluated in a subshell, where
# it changes nothing of this script, or after all checks. INODE is the inode number of the project's
# directory, WITNESS the name of something in it; either may be empty. ACCESS is `ro` if it has to
# be read-only, else empty. The first PATH is the project, then come the shadows, then the
# directories that are shared besides the project; MOUNTINFO_PATH is PATH as /proc/self/mountinfo
# spells it.

# A signal ends the child processes, and not this shell, which then exits with their code. The
# setup gets SIGKILL: a process between fork and exec would lose any other signal. The
# remaining processes of the setup end with the container.
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
  case $when in
    before) then='nothing was run' ;;
    after) then='the command was not run' ;;
    end) then='the command may have changed what is there' ;;
  esac
  printf 'paude: guard: `%s` %s; %s\n' "$1" "$2" "$then" >&2
  exit 120
}

# read_mounts (PATH MOUNTINFO_PATH)...
# Sets mount_N of each shadow to `TYPE,OPTIONS,`, workspace_type and workspace_options, to those of
# the last mount at the path, which is the visible one. The search is fast when mounts are in the
# order of the shadows. A shell finds its arguments by their number at once, but a variable only by
# searching, so there is one for each shadow and no more.
read_mounts() {
  n=0 next=0 shadows=" $* " workspace_type= workspace_options=
  while [ "$n" -lt "$count" ]; do
    unset "mount_$n"
    n=$((n + 1))
  done
  while IFS=' ' read -r _ _ _ _ point options rest; do
    type=${rest#*- }
    type=${type%% *}
    if [ "$point" = "$workspace_point" ]; then
      workspace_type=$type workspace_options=,$options,
    fi
    [ "$count" -gt 0 ] || continue
    eval "expected=\${$((next * 2 + 2))}"
    if [ "$point" != "$expected" ]; then
      case $shadows in *" $point "*) ;; *) continue ;; esac
      n=0
      while [ "$point" != "$expected" ] && [ "$n" -lt "$count" ]; do
        n=$((n + 1)) next=$(((next + 1) % count))
        eval "expected=\${$((next * 2 + 2))}"
      done
      [ "$point" = "$expected" ] || continue
    fi
    eval "mount_$next=\$type,\$options,"
    next=$(((next + 1) % count))
  done </proc/self/mountinfo
}

# check_identity PATH TYPE INODE WITNESS
# Checks that the directory at PATH, in a mount of TYPE, is the one that paude opened, not one with
# the same path on another machine or in another mount namespace. File systems that a virtual
# machine or a network shares number inodes differently, and kernels before 5.14 do not show them:
# there, the check uses WITNESS.
check_identity() {
  inode= other='is not the directory that paude opened: the engine has another one at this path'
  case $2 in fuse* | virtiofs | 9p | nfs* | cifs | smb*) ;; *)
    read_fdinfo ino "$1"
    inode=$paude_info
    ;;
  esac
  if [ -n "$inode" ] && [ -n "$3" ]; then
    [ "$inode" = "$3" ] || stop "$1" "$other"
    # The roots of file systems have the same small numbers everywhere.
    [ "$inode" -le 256 ] || return 0
  fi
  if [ -n "$4" ]; then
    [ -e "$1/$4" ] || [ -L "$1/$4" ] || stop "$1" "$other"
  fi
}

# Checks the project's directory, and that it is read-only if it is so on the host.
guard_workspace() {
  if [ "$paude_access" = ro ]; then
    case $workspace_options in
      *,ro,*) ;;
      *) stop "$workspace" 'is writable here, but read-only on the host' ;;
    esac
  fi
  check_identity "$workspace" "$workspace_type" "$paude_inode" "$paude_witness"
}

# guard_further PATH MOUNTINFO_PATH INODE WITNESS ACCESS
# Checks that a directory besides the project is mounted, and that it is read-only if it has to
# be, with all other mounts in it.
guard_further() {
  type= attempts=0
  while [ -z "$type" ] && [ "$attempts" -lt "$paude_attempts" ]; do
    attempts=$((attempts + 1)) writable=
    while IFS=' ' read -r _ _ _ _ point options rest; do
      case $point in
        "$2")
          type=${rest#*- }
          type=${type%% *} writable=
          ;;
        "$2"/*) case $points in *" $point "*) continue ;; esac ;;
        *) continue ;;
      esac
      case ,$options, in *,ro,*) ;; *) writable=y ;; esac
    done </proc/self/mountinfo
  done
  [ -n "$type" ] || stop "$1" 'is not shared: nothing is mounted there'
  if [ "$5" = ro ] && [ -n "$writable" ]; then
    stop "$1" 'is writable here, or a mount in it is, but has to be read-only'
  fi
  check_identity "$1" "$type" "$3" "$4"
}

# guard_directories (PATH MOUNTINFO_PATH)... (PATH MOUNTINFO_PATH INODE WITNESS ACCESS)...
# Checks each directory that is shared besides the project; the shadows come first.
guard_directories() {
  n=0 points=' '
  while [ "$n" -lt "$count" ]; do
    points="$points$2 "
    n=$((n + 1))
    shift 2
  done
  n=0
  while [ "$n" -lt "$paude_directories" ]; do
    guard_further "$1" "$2" "$3" "$4" "$5"
    n=$((n + 1))
    shift 5
  done
}

# guard before|after|end COUNT PATH MOUNTINFO_PATH (PATH MOUNTINFO_PATH)... (DIRECTORY)...
# Checks the project's directory, and that each shadow is a separate mount of the planned kind:
# before the setup, after it, and at the end of the command, when it has to be a mount alone.
guard() {
  when=$1 count=$2 workspace=$3 workspace_point=$4
  shift 4
  read_mounts "$@"
  if [ "$when" = before ]; then
    guard_workspace
    [ "$paude_directories" -eq 0 ] || guard_directories "$@"
  fi
  n=0 attempts=1
  while [ "$n" -lt "$count" ]; do
    eval "path=\${$((n * 2 + 1))} mount=\${mount_$n-}"
    if [ -z "$mount" ] && [ "$attempts" -lt "$paude_attempts" ]; then
      attempts=$((attempts + 1))
      read_mounts "$@"
      n=0
      continue
    fi
    n=$((n + 1))
    [ -n "$mount" ] || stop "$path" 'is not hidden: nothing is mounted over it'
    [ "$when" != end ] || continue
    type=${mount%%,*}
    [ "$n" -le "$paude_types" ] || [ "$type" = tmpfs ] || stop "$path" "is hidden by a $type, not a tmpfs"
    case $mount in *,noexec,*) stop "$path" 'is hidden by a mount that forbids execution' ;; esac
    case $mount in *,rw,*) ;; *) stop "$path" 'is hidden by a read-only mount' ;; esac
    [ "$when" = before ] || continue
    [ -w "$path" ] || stop "$path" 'is hidden by a directory that is not writable'
    # A volume keeps the files of earlier runs; another container may use a shared tmpfs.
    [ "$n" -gt "$paude_filled" ] || continue
    for entry in "$path"/* "$path"/.[!.]* "$path"/..?*; do
      if [ -e "$entry" ] || [ -L "$entry" ]; then stop "$path" 'is not empty'; fi
    done
  done
}

# are_still_mounts PATH MOUNTINFO_PATH (PATH MOUNTINFO_PATH)...
# Whether each shadow is seen to be a mount, which spares `guard end`; the first path is the project.
are_still_mounts() {
  shift 2
  are_mounts "$paude_shadows" "$@"
}

paude_setup=$1 paude_environment=${2%%:*} paude_programs=${2#"${2%%:*}"}
paude_types=${3% *} paude_filled=${3#* } paude_variables=$4
paude_inode=$5 paude_witness=$6 paude_access=$7 paude_shadows=$8 paude_directories=$9
shift 9
# In a subshell, so that it sets no variable of the command, whatever its name.
(guard before "$paude_shadows" "$@") || exit

set_defaults "$paude_environment" "$paude_programs"

paude_checked=$((2 + paude_shadows * 2 + paude_directories * 5))
[ -z "$paude_ended" ] || exit "$paude_ended"
if [ -n "$paude_setup" ]; then
  # The setup's output goes to stderr, as only the command writes to stdout.
  paude_in_setup=y
  (
    [ -z "$paude_variables" ] || eval "$paude_variables" || exit
    exec /bin/sh -c "$paude_setup"
  ) </dev/null >&2 &
  [ -z "$paude_ended" ] || end "$paude_ended"
  wait "$!" 2>/dev/null
  paude_code=$?
  paude_in_setup=
  [ -z "$paude_ended" ] || paude_code=$paude_ended
  if [ "$paude_code" -ne 0 ]; then
    if [ $# -gt "$paude_checked" ] || [ "$paude_code" -gt 128 ] || [ ! -t 0 ]; then
      printf 'paude: setup ended with code %s; the command was not run\n' "$paude_code" >&2
      exit "$paude_code"
    fi
    printf 'paude: warning: setup ended with code %s; opening a shell anyway\n' "$paude_code" >&2
  fi
  (guard after "$paude_shadows" "$@") || exit
fi
[ -z "$paude_ended" ] || exit "$paude_ended"

(shift "$paude_checked"; start_command "$@")
paude_code=$?
# A command that has renamed a directory, and ended at once, was seen by nobody else.
are_still_mounts "$@" || (guard end "$paude_shadows" "$@") || exit
exit "$paude_code"
