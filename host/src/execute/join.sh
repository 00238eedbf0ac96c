# The first process of a command that joins a container; the command is its child. The functions of
# render/command.sh stand in front. Arguments, written by join.rs:
#   ENVIRONMENT VARIABLES COUNT (PATH MOUNTINFO_PATH) x COUNT [COMMAND...]
# PAUDE_EXEC is the id of the command: what it starts has it too. `render/entry.sh` has the
# meaning of the other arguments.

# A signal ends the command, and not this shell, which then exits with the command's code.
trap : HUP INT QUIT TERM

# Sets `points` to all mount points, with a space around each.
read_points() {
  points=' '
  while IFS=' ' read -r _ _ _ _ point _; do points="$points$point "; done </proc/self/mountinfo
}

# look COUNT (PATH MOUNTINFO_PATH)...: checks that each shadow is a mount of its own.
look() {
  count=$1 attempts=1
  shift
  read_points
  while [ "$count" -gt 0 ]; do
    case $points in
      *" $2 "*) ;;
      *)
        if [ "$attempts" -lt "$paude_attempts" ]; then
          attempts=$((attempts + 1))
          read_points
          continue
        fi
        printf 'paude: guard: `%s` is not hidden: nothing is mounted over it; the command was not run\n' "$1" >&2
        exit 120
        ;;
    esac
    count=$((count - 1))
    shift 2
  done
}

# is_between DIRECTORY: whether a process without variables is between two programs, where it has
# none for a moment. A zombie has none for good, and those of another user cannot be read.
is_between() {
  stat=
  [ -r "$1/environ" ] && read -r stat <"$1/stat" || return 1
  case $stat in *') Z '* | *') X '*) return 1 ;; esac
} 2>/dev/null

# end_rest: kills what the command left behind, which has become a child of the first process. It
# looks until it finds nothing twice: processes start others, and change their program, meanwhile.
end_rest() {
  passes=20 clean=0
  while [ "$clean" -lt 2 ] && [ "$passes" -gt 0 ]; do
    passes=$((passes - 1)) clean=$((clean + 1))
    for directory in /proc/[0-9]*; do
      pid=${directory#/proc/} seen=
      [ "$pid" != "$$" ] || continue
      while IFS= read -r line || [ -n "$line" ]; do
        seen=y
        case $line in *"PAUDE_EXEC=$PAUDE_EXEC"*)
          ! kill -KILL "$pid" 2>/dev/null || clean=0
          break
          ;;
        esac
      done 2>/dev/null <"$directory/environ"
      [ -n "$seen" ] || ! is_between "$directory" || clean=0
    done
  done
}

paude_environment=${1%%:*} paude_programs=${1#"${1%%:*}"} paude_variables=$2 paude_shadows=$3
shift 3
# In a subshell, so that it sets no variable of the command, whatever its name.
are_mounts "$paude_shadows" "$@" || (look "$paude_shadows" "$@") || exit
shift "$((paude_shadows * 2))"

set_defaults "$paude_environment" "$paude_programs"
paude_before= paude_after=
read -r paude_before 2>/dev/null </proc/1/task/1/children
(start_command "$@")
paude_code=$?
read -r paude_after 2>/dev/null </proc/1/task/1/children
# Not in a subshell, which has the id too and would end itself.
if [ "$paude_before" != "$paude_after" ] || [ -z "$paude_before" ]; then end_rest; fi
exit "$paude_code"
