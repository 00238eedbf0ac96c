# Looks at the mounts of the container: SPELLING... Ends with 120 when one is gone.
while sleep 0.5; do
  seen=' '
  while IFS=' ' read -r _ _ _ _ point _; do seen="$seen$point "; done </proc/self/mountinfo
  for spelling; do
    case $seen in *" $spelling "*) ;; *) exit 120 ;; esac
  done
done
