#!/bin/sh
# enter.sh COMMAND...: runs COMMAND on a private mail host that nobody else sees and that ends with it.
#
# The host is this one with real mail servers laid over it (fetch.sh), seen only by COMMAND and its children: an own
# network whose addresses are documentation ones, own process ids (so nothing survives), and an own writable view of
# /usr, /etc, /var/lib, /var/log, /var/spool, /run and /dev. Nothing outside changes. The checkout is at /run/relaypass-package,
# where an unprivileged account can read it wherever it really lies, and `relaypass` and `node` are on the PATH.
#
# Where that cannot be had (no root, no namespaces, no packages), COMMAND still runs, with the reason in
# RELAYPASS_LAB_MISSING: see lab.ts.
#
# Limits: a checkout below /usr, /etc, /var/lib, /var/log or /var/spool cannot be written by COMMAND.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
package=$(cd "$here/../../.." && pwd)
private='unshare --net --mount --pid --fork --kill-child --uts --mount-proc'

set_up_network() {
  hostname mx.example.net
  ip link set lo up
  ip addr add 192.0.2.25/24 dev lo    # servers; a /24 on lo makes each of its addresses local
  ip addr add 198.51.100.1/24 dev lo  # clients
  ip addr add 203.0.113.1/24 dev lo   # clients in networks that must never relay
  for host in 25 26 27 7 7:1 8 9 a b c; do
    ip -6 addr add "2001:db8::$host/128" dev lo nodad
  done
}

set_up_files() {
  mount -t tmpfs -o mode=755 lab /run
  mkdir /run/lab /run/lock /run/relaypass-package /run/dev
  for folder in usr etc var/lib; do
    upper=/run/lab/$folder/upper work=/run/lab/$folder/work lower=''
    mkdir -p "$upper" "$work"
    for server in "$1"/*/; do
      [ -d "$server$folder" ] && lower=$lower$server$folder:
    done
    mount -t overlay lab -o "lowerdir=$lower/$folder,upperdir=$upper,workdir=$work" "/$folder"
  done
  mount -t tmpfs -o mode=755 lab /var/log
  mount -t tmpfs -o mode=755 lab /var/spool
}

# Own devices, since rsyslogd makes /dev/log.
set_up_devices() {
  for device in null zero full random urandom tty; do
    touch "/run/dev/$device"
    mount --bind "/dev/$device" "/run/dev/$device"
  done
  mkdir /run/dev/pts /run/dev/shm
  mount -t devpts -o ptmxmode=666,mode=620 lab /run/dev/pts # a bound ptmx looks for the host's
  ln -s pts/ptmx /run/dev/ptmx
  mount -t tmpfs -o mode=1777 lab /run/dev/shm
  ln -s /proc/self/fd /run/dev/fd
  mount --rbind /run/dev /dev
}

set_up_accounts() {
  id=900
  for account in dovecot dovenull vmail postfix postdrop smmta smmsp courier cyrus popa3d spop3d relaypass; do
    id=$((id + 1))
    echo "$account:x:$id:" >> /etc/group
    echo "$account:x:$id:$id::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
  done
  sed -i 's/^adm:.*/adm:x:4:relaypass/' /etc/group
  printf '127.0.0.1 localhost\n::1 localhost\n192.0.2.25 mx.example.net mx\n' > /etc/hosts
  printf 'hosts: files\npasswd: files\ngroup: files\n' > /etc/nsswitch.conf
}

set_up_relaypass() {
  mount --bind "$package" /run/relaypass-package
  node=$(readlink -f "$(command -v node)")
  if [ "$node" != /usr/bin/node ]; then # it may lie in root's home
    touch /run/node
    mount --bind "$node" /run/node
    ln -sf /run/node /usr/bin/node
  fi
  ln -sf /run/relaypass-package/dist/bin/relaypass.cjs /usr/bin/relaypass
}

if [ "$1" = --inside ]; then
  cache=$2
  shift 2
  set_up_network
  set_up_files "$cache"
  set_up_devices
  set_up_accounts
  set_up_relaypass
  exec "$@"
fi

no_lab() {
  export RELAYPASS_LAB_MISSING="$1"
  echo "enter.sh: $1" >&2
  shift
  exec "$@"
}

last_line() {
  printf '%s\n' "$1" | tail -n 1
}

[ "$(id -u)" = 0 ] || no_lab 'the lab needs root' "$@"
said=$("$here/fetch.sh" 2>&1) || no_lab "the servers could not be fetched: $(last_line "$said")" "$@"
cache=$(last_line "$said")
said=$($private "$0" --inside "$cache" true 2>&1) || no_lab "no private host here: $(last_line "$said")" "$@"
exec $private "$0" --inside "$cache" "$@"
