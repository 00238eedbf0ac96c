# Hands a signal on inside the container: SIGNAL all|command [HANGUP].
# Says a word once there is something that takes it.

# First the script, so that what it has not started yet is not started.
kill "-$1" 1

# A child that still has the script's own words is between fork and exec, where
# what it is told gets lost.
read -r child others </proc/1/task/1/children
[ -n "$child" ] || exit 1
read -r script </proc/1/cmdline
read -r words <"/proc/$child/cmdline"
[ "$words" != "$script" ] || exit 1

echo taken
case $2 in
  all) kill "-$1" -1 ;;
  command) kill "-$1" "$child" $others ;;
esac
[ -z "$3" ] || kill "-$3" "$child" $others
