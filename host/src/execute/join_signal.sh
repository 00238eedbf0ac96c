# Delivers a signal to a command that joined the container. Arguments: ID SIGNAL all|command [HANGUP]
# What the command started has PAUDE_EXEC=ID among its variables. Prints `taken` once there is a
# process that can receive the signal, and `looked` at the end.

# marked PID: whether a process belongs to the command. Sets `seen` if it has any variables.
marked() {
  seen=
  while IFS= read -r line || [ -n "$line" ]; do
    seen=y
    case $line in *"PAUDE_EXEC=$id"*) return 0 ;; esac
  done 2>/dev/null <"/proc/$1/environ"
  return 1
}

# is_between DIRECTORY: whether a process without variables is between two programs; see join.sh.
is_between() {
  stat=
  [ -r "$1/environ" ] && read -r stat <"$1/stat" || return 1
  case $stat in *') Z '* | *') X '*) return 1 ;; esac
} 2>/dev/null

# parent PID: sets `parent` to the number of its parent, which is 0 for paude's own script.
parent() {
  stat= parent=
  read -r stat 2>/dev/null <"/proc/$1/stat"
  stat=${stat##*) }
  stat=${stat#* }
  parent=${stat%% *}
}

id=$1 signal=$2 scope=$3 hangup=${4-} script=
for directory in /proc/[0-9]*; do
  pid=${directory#/proc/}
  marked "$pid" || continue
  parent "$pid"
  if [ "$parent" = 0 ] && [ "$signal" != KILL ]; then
    read -r script 2>/dev/null <"/proc/$pid/cmdline"
    top=$pid
  fi
done
# For KILL, until it finds nothing twice; see join.sh.
passes=1 clean=0
[ "$signal" != KILL ] || passes=20
while [ "$clean" -lt 2 ] && [ "$passes" -gt 0 ]; do
  passes=$((passes - 1)) clean=$((clean + 1))
  for directory in /proc/[0-9]*; do
    pid=${directory#/proc/}
    if ! marked "$pid"; then
      [ -n "$seen" ] || ! is_between "$directory" || clean=0
      continue
    fi
    parent "$pid"
    if [ "$signal" != KILL ]; then
      [ "$parent" != 0 ] || continue
      if [ "$scope" = command ] && [ "$parent" != "${top-}" ]; then continue; fi
      # One whose command line still equals the script's is between fork and exec, where a signal
      # would be lost.
      cmdline=
      read -r cmdline 2>/dev/null <"/proc/$pid/cmdline"
      [ "$cmdline" != "$script" ] || continue
    fi
    echo taken
    ! kill "-$signal" "$pid" 2>/dev/null || clean=0
    [ -z "$hangup" ] || kill "-$hangup" "$pid" 2>/dev/null
  done
done
echo looked
