#!/bin/sh
# bare-host.sh FOLDER [CGROUP]: lays a writable view over this host's / at FOLDER/root, with its own /proc, /sys, /dev, /run,
# /tmp and /var/log, for packages to be installed in; makes that the root, and waits. With CGROUP the first process is
# systemd, in a new cgroup of that name. Run it in namespaces of its own (bare-host.ts), with which all ends.
#
# Nothing that systemd or its tmpfiles do can reach this host: the old root is unmounted before, and the kernel's settings
# are mounted read-only.
set -eu

own_cgroup() {
  mkdir "$1/cgroups"
  mount -t cgroup2 none "$1/cgroups"
  mkdir "$1/cgroups/$2"
  echo 0 > "$1/cgroups/$2/cgroup.procs"
  umount "$1/cgroups"
}

lay_root() {
  mkdir "$1/upper" "$1/work" "$1/root"
  mount -t overlay host -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
  cd "$1/root"
  mount -t proc proc proc
  mount --bind -o ro proc/sys proc/sys
  for folder in run var/log; do
    mount -t tmpfs -o mode=755 host "$folder"
  done
  mount -t tmpfs -o mode=1777 host tmp
  mkdir run/lock run/outside
  rm -f usr/sbin/policy-rc.d usr/bin/relaypass # a container's keeps services from starting
}

# Own devices, since the first process makes links and sockets there.
lay_devices() {
  mount -t tmpfs -o mode=755 host dev
  for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  mount -t tmpfs -o mode=1777 host dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
}

enter() {
  pivot_root . run/outside # not chroot, in which Debian starts no services
  umount -l /run/outside
  echo ready
}

# What would tend to the machine itself is masked.
boot() {
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 none sys/fs/cgroup
  for unit in sysctl modules-load udevd random-seed remount-fs update-utmp; do
    ln -sf /dev/null "etc/systemd/system/systemd-$unit.service"
  done
  enter
  mount --make-rshared / # among the services of this host: their credentials come in by a mount
  exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=basic.target --show-status=false
}

case $1 in
  --in-cgroup)
    lay_root "$2"
    lay_devices
    boot ;;
  *)
    mount --make-rprivate /
    mount -t tmpfs host "$1"
    if [ $# = 2 ]; then
      own_cgroup "$1" "$2"
      exec unshare --cgroup "$0" --in-cgroup "$1"
    fi
    lay_root "$1"
    lay_devices
    enter
    while :; do sleep 1; done ;; # a shell, since the first process has to reap what the services leave
esac
