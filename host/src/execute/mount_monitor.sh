# Prints the mount points of the container once a second: one per line, then an empty line.
# It ignores the signals that signal.sh sends to every process in the container.
trap '' HUP INT QUIT
while sleep 1; do
  while IFS=' ' read -r _ _ _ _ point _; do printf '%s\n' "$point"; done </proc/self/mountinfo
  echo
done
