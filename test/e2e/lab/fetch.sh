#!/bin/sh
# fetch.sh [SERVER...]: unpacks the distribution's own packages of real mail servers into a cache folder, installs
# nothing, and prints that folder. Needs apt-get and dpkg, not root; a second run needs no network.
#
# A server becomes CACHE/SERVER, whose usr/, etc/, ... are the packages' own. What the host has installed already is not
# fetched again, so a cache belongs to the host that made it: remove it when the host changes.
set -eu

packages_of() {
  case $1 in
    sendmail) echo sendmail-bin m4 ;;
    postfix) echo postfix postfix-lmdb postfix-cdb ;;
    dovecot) echo dovecot-imapd dovecot-pop3d ;;
    courier) echo courier-imap courier-pop courier-authlib-userdb postfix ;; # postfix, or apt would add another MTA
    cyrus) echo cyrus-imapd cyrus-pop3d sasl2-bin postfix ;;
    popa3d) echo popa3d ;;
    perdition) echo perdition ;;
    solid-pop3d) echo solid-pop3d ;;
    syslog) echo rsyslog ;;
    logrotate) echo logrotate ;;
    mailutils) echo mailutils-pop3d mailutils-imap4d ;;
    redis) echo redis-server ;;
    promtool) echo prometheus ;;
    node-exporter) echo prometheus-node-exporter ;;
    libdb) echo db5.3-util ;;
    shells) echo zsh fish ;;
    lintian) echo lintian ;;
    installable) echo postfix dovecot-pop3d rsyslog ;;
    *) echo "fetch.sh: unknown server $1" >&2; return 64 ;;
  esac
}

# A root process runs what is kept here, so the folder is below the home and not in /tmp, where anybody could have made it.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/relaypass/lab
mkdir -p "$cache"

# What lets the map builders run from where they lie: makemap wants a sendmail.cf, and Postfix its folders and accounts.
configure() {
  server=$1 tree=$2 final=$cache/$1
  case $server in
    sendmail)
      mkdir "$tree/tools"
      printf '#!/bin/sh\nexec %s/usr/sbin/makemap -C /dev/null "$@"\n' "$final" > "$tree/tools/makemap"
      chmod 755 "$tree/tools/makemap" ;;
    mailutils) # Courier has a pop3d as well
      mkdir -p "$tree/usr/libexec/mailutils"
      mv "$tree/usr/sbin/pop3d" "$tree/usr/sbin/imap4d" "$tree/usr/libexec/mailutils/" ;;
    postfix)
      cp "$tree/usr/share/postfix/dynamicmaps.cf" "$tree/etc/postfix/"
      : > "$tree/etc/postfix/master.cf"
      cat > "$tree/etc/postfix/main.cf" <<EOF
compatibility_level = 3.6
shlib_directory = $final/usr/lib/postfix
daemon_directory = $final/usr/lib/postfix/sbin
meta_directory = $final/etc/postfix
mail_owner = uucp
setgid_group = news
EOF
      ;;
  esac
}

# download_packages FOLDER PACKAGE...: with what they need, as far as the host has it not.
download_packages() {
  debs=$1
  shift
  apt-get -qq -y --no-install-recommends --download-only \
    -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 -o Dir::Cache::archives="$debs" install "$@" >&2
}

unpack_packages() {
  debs=$1 tree=$2
  for deb in "$debs"/*.deb; do
    [ -e "$deb" ] || break # all of it is installed
    dpkg -x "$deb" "$tree"
  done
  for folder in bin sbin lib lib64; do # the host's are links into usr
    [ -d "$tree/$folder" ] || continue
    mkdir -p "$tree/usr/$folder"
    cp -a "$tree/$folder/." "$tree/usr/$folder/"
    rm -r "$tree/$folder"
  done
}

# The packages themselves, for a bare host that installs them.
unpack_installable() {
  debs=$1 tree=$2
  find "$debs" -name '*.deb' -exec mv -t "$tree" {} +
}

# PROGRAM of PACKAGE alone, which needs nothing else: its package has more, or asks for more.
unpack_program() {
  debs=$1 tree=$2 package=$3 program=$4
  (cd "$debs" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package" >&2)
  dpkg-deb --fsys-tarfile "$debs/$package"_*.deb | tar -x -C "$tree" "./usr/bin/$program"
}

for server in ${*:-sendmail postfix dovecot courier cyrus popa3d mailutils perdition solid-pop3d syslog logrotate redis promtool node-exporter libdb shells lintian installable}; do
  [ -d "$cache/$server" ] && continue
  packages=$(packages_of "$server")
  aside=$(mktemp -d "$cache/.$server.XXXXXX")
  mkdir -p "$aside/debs/partial" "$aside/tree/usr/lib"
  case $server in
    promtool) unpack_program "$aside/debs" "$aside/tree" "$packages" promtool ;;
    node-exporter) unpack_program "$aside/debs" "$aside/tree" "$packages" "$packages" ;;
    *)
      # shellcheck disable=SC2086 # one word a package
      download_packages "$aside/debs" $packages
      case $server in
        installable) unpack_installable "$aside/debs" "$aside/tree" ;;
        *) unpack_packages "$aside/debs" "$aside/tree" ;;
      esac ;;
  esac
  chmod 755 "$aside/tree"
  configure "$server" "$aside/tree"
  mv -T "$aside/tree" "$cache/$server"
  rm -r "$aside"
done
echo "$cache"
