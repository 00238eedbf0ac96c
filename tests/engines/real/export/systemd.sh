#!/bin/sh
# Runs systemd as the first process of namespaces of its own, with these units and no others:
#
#   systemd.sh start CGROUP DIRECTORY      DIRECTORY: with folders `units` and `generators`
#
# CGROUP is a new group of cgroup v2, which only this systemd uses. Nothing outside of it and of the
# namespaces changes.
set -eu
stage=$1
shift
case $stage in
start)
    mkdir "$1"
    echo $$ >"$1/cgroup.procs"
    # It ends with the process that started it.
    exec setpriv --pdeathsig KILL unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child \
        sh "$0" become "$@"
    ;;
become)
    mount --make-rprivate /
    mount -t proc proc /proc
    # What is there is the same for all namespaces.
    mount --bind /proc/sys /proc/sys
    mount -o remount,bind,ro /proc/sys
    mount -t tmpfs -o mode=755 tmpfs /run
    # Generators may not see /tmp, where these are.
    cp -R "$2" /run/paude
    # Its own hierarchy alone: systemd would take the groups of v1 for its own.
    umount --lazy /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=paude \
        SYSTEMD_UNIT_PATH=/run/paude/units:/run/systemd/generator SYSTEMD_GENERATOR_PATH=/run/paude/generators \
        /usr/lib/systemd/systemd --system --unit=paude.target --log-target=console --show-status=no
    ;;
esac
