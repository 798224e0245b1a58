#!/bin/sh
# bare-host.sh FOLDER: lays a writable view over this host's / at FOLDER/root, with its own /proc, /run, /tmp, /var/log and
# /dev, for packages to be installed in; makes that the root, and waits. Run it in mount and pid namespaces of its own, with which all ends.
set -eu
mount --make-rprivate /
mount -t tmpfs host "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay host -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
for folder in run tmp var/log; do
  mount -t tmpfs -o mode=755 host "$1/root/$folder"
done
mkdir "$1/root/run/lock"
mount --rbind /dev "$1/root/dev"
rm -f "$1/root/usr/sbin/policy-rc.d" "$1/root/usr/bin/relaypass" # a container's keeps services from starting
mkdir "$1/root/run/outside"
cd "$1/root"
pivot_root . run/outside # not chroot, in which Debian starts no services
umount -l /run/outside
echo ready
while :; do sleep 1; done # a shell, since the first process has to reap what the services leave
