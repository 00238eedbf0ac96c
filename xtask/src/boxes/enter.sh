#!/bin/sh
# Runs a command in a box: a root directory with namespaces of its own. Everything that is mounted or started here ends
# with the command. Each stage starts the next one:
#
#   enter.sh start ROOT CGROUP SHARED COMMAND...    SHARED: directories that the box sees, separated by colons
set -eu
stage=$1
root=$2
cgroup=$3
shared=$4
shift 4

case $stage in
start)
    # A cgroup of its own, because an engine moves processes between cgroups and enables controllers.
    mkdir -p "$cgroup"
    echo $$ >"$cgroup/cgroup.procs"
    # The death signals end the box with the process that started it.
    exec setpriv --pdeathsig KILL unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child \
        sh "$0" mount "$root" "$cgroup" "$shared" "$@"
    ;;
mount)
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir -p "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue" "$root/dev/net"
    for device in null zero full random urandom tty fuse net/tun; do
        if [ -e "/dev/$device" ]; then
            touch "$root/dev/$device"
            mount --bind "/dev/$device" "$root/dev/$device"
        fi
    done
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t mqueue mqueue "$root/dev/mqueue"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s fd/0 "$root/dev/stdin"
    ln -s fd/1 "$root/dev/stdout"
    ln -s fd/2 "$root/dev/stderr"
    rm -rf --one-file-system "$root/tmp"
    mkdir -m 1777 "$root/tmp"
    IFS=:
    for dir in $shared; do
        mkdir -p "$root$dir"
        mount --bind "$dir" "$root$dir"
    done
    unset IFS
    mkdir -p "$root/outside"
    cd "$root"
    pivot_root . outside
    exec chroot . sh "$0" init "$root" "$cgroup" "$shared" "$@"
    ;;
init)
    umount --lazy /outside
    mount --make-rshared /
    ip link set lo up
    # Controllers can only be enabled in a cgroup without processes.
    mkdir -p /sys/fs/cgroup/init
    echo $$ >/sys/fs/cgroup/init/cgroup.procs
    for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
    done
    exec catatonit -- "$@"
    ;;
esac
