# Delivers a signal inside the container. Arguments: SIGNAL all|command [HANGUP]
# Prints `taken` once there is a process that can receive it.

# The entry script gets the signal first, so that it does not start a command afterwards.
kill "-$1" 1

# A child whose command line still equals the script's is between fork and exec, where a
# signal would be lost.
read -r child others </proc/1/task/1/children
[ -n "$child" ] || exit 1
read -r script_cmdline </proc/1/cmdline
read -r child_cmdline <"/proc/$child/cmdline"
[ "$child_cmdline" != "$script_cmdline" ] || exit 1

echo taken
case $2 in
  all) kill "-$1" -1 ;;
  command) kill "-$1" "$child" $others ;;
esac
[ -z "$3" ] || kill "-$3" "$child" $others
