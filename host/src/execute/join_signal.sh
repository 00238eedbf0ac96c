# Delivers a signal to a command that joined the container. Arguments: ID SIGNAL all|command [HANGUP]
# What the command started has PAUDE_EXEC=ID among its variables. Prints `taken` once there is a
# process that can receive the signal, and `looked` at the end.

# marked PID: whether a process belongs to the command.
marked() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in *"PAUDE_EXEC=$id"*) return 0 ;; esac
  done 2>/dev/null <"/proc/$1/environ"
  return 1
}

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
for directory in /proc/[0-9]*; do
  pid=${directory#/proc/}
  marked "$pid" || continue
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
  kill "-$signal" "$pid" 2>/dev/null
  [ -z "$hangup" ] || kill "-$hangup" "$pid" 2>/dev/null
done
echo looked
