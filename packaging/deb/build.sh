#!/bin/sh
# build.sh [FOLDER]: makes FOLDER/relaypass_VERSION_ARCH.deb (by default in dist) from what `npm run man` has built and
# the native part of node_modules. `npm run deb` runs it. Needs dpkg-deb, and neither root nor a network.
#
# Limits: the package is for the architecture of the machine that builds it, since lmdb's binary is.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-dist}
version=$(node -p 'require("./package.json").version')
arch=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-relaypass} <${DEBEMAIL:-root@localhost}>"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
umask 022

# put MODE TARGET FILE...: into the folder TARGET, or as the file TARGET where it does not end in a slash
put() {
  mode=$1 target=$tree$2
  shift 2
  case $target in
    */) install -d "$target" && install -m "$mode" -t "$target" "$@" ;;
    *) install -D -m "$mode" "$1" "$target" ;;
  esac
}

# lmdb's native half, which the bundle loads through lmdb's own package; the other packages are in the bundle.
put_lmdb() {
  put 644 /usr/lib/relaypass/node_modules/lmdb/ node_modules/lmdb/package.json
  put 644 /usr/lib/relaypass/node_modules/lmdb/dist/ node_modules/lmdb/dist/index.cjs
  for module in node_modules/@lmdb/*; do
    put 644 "/usr/lib/relaypass/$module/" "$module/package.json" "$module/index.js" "$module"/*.glibc.node
  done
}

lib=$tree/usr/lib/relaypass
doc=/usr/share/doc/relaypass
put 644 /usr/lib/relaypass/ package.json
put 644 /usr/lib/relaypass/patterns/ patterns/*
put 644 /usr/lib/relaypass/dist/bin/ dist/bin/*
chmod 755 "$lib/dist/bin/relaypass.cjs"
put_lmdb
mkdir -p "$tree/usr/bin" && ln -s ../lib/relaypass/dist/bin/relaypass.cjs "$tree/usr/bin/relaypass"

put 644 /usr/lib/systemd/system/ systemd/*.service systemd/*.timer
put 644 /usr/lib/sysusers.d/relaypass.conf systemd/relaypass.sysusers
put 644 /usr/lib/tmpfiles.d/relaypass.conf systemd/relaypass.tmpfiles
put 644 /etc/relaypass/ packaging/deb/relaypass.toml docs/examples/popauth.m4
install -d "$tree/etc/relaypass/patterns.d"
put 755 /etc/init.d/relaypass docs/examples/relaypass.init
put 644 /etc/cron.d/relaypass docs/examples/relaypass.cron
put 644 /etc/logrotate.d/relaypass docs/examples/relaypass.logrotate

# completions SHELL FILE: at the place where the shell looks for what packages bring
completions() {
  install -d "$tree$(dirname "$2")"
  node dist/bin/relaypass.cjs completion "$1" > "$tree$2"
}
completions bash /usr/share/bash-completion/completions/relaypass
completions zsh /usr/share/zsh/vendor-completions/_relaypass
completions fish /usr/share/fish/vendor_completions.d/relaypass.fish
put 644 /usr/share/man/man1/ dist/man/*.1
put 644 /usr/share/man/man5/ dist/man/*.5
put 644 $doc/ README.md docs/*.md
put 644 $doc/examples/ docs/examples/*
put 644 $doc/copyright LICENSE
printf 'relaypass (%s) unstable; urgency=medium\n\n  * See the commits.\n\n -- %s  %s\n' \
  "$version" "$maintainer" "$(date -R -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")" > "$tree$doc/changelog"
gzip -9n "$tree"/usr/share/man/man?/* "$tree$doc/changelog"
put 644 /usr/share/lintian/overrides/relaypass packaging/deb/lintian-overrides

put 755 /DEBIAN/ packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm
put 644 /DEBIAN/ packaging/deb/conffiles
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@MAINTAINER@/$maintainer/; s/@SIZE@/$(du -sk "$tree" | cut -f1)/" packaging/deb/control.in \
  > "$tree/DEBIAN/control"
(cd "$tree" && find usr -type f -exec md5sum {} +) > "$tree/DEBIAN/md5sums"
dpkg-deb --root-owner-group --build "$tree" "$out/relaypass_${version}_$arch.deb"
