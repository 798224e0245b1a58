#!/bin/sh
# build.sh [FOLDER]: makes FOLDER/relaypass_VERSION_ARCH.deb (by default in dist) from what `npm run man` has built and
# the production part of node_modules. `npm run deb` runs it. Needs dpkg-deb, and neither root nor a network.
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

# The packages that run, each at its place; what only their own tests, documents and other platforms need stays behind.
put_modules() {
  here=$(pwd)
  npm ls --omit=dev --all --parseable | tail -n +2 | while read -r module; do
    case $module in */node-addon-api) continue ;; esac
    install -d "$lib/${module#"$here"/}"
    tar -C "$module" --exclude=./node_modules -cf - . | tar -C "$lib/${module#"$here"/}" --no-same-owner -xf -
  done
}

prune_modules() {
  rm -rf "$lib/node_modules/lmdb/dependencies" "$lib/node_modules/lmdb/bin" "$lib/node_modules/msgpackr-extract/bin"
  (cd "$lib/node_modules/node-gyp-build-optional-packages" && rm -f bin.js build-test.js optional.js)
  find "$lib/node_modules" \( -name '*.musl.node' -o -name '*.ts' -o -name '*.map' -o -name '*.md' -o -name '.*' \
    -o -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.cpp' -o -name '*.gyp' -o -name '*.m4' \) ! -type d -delete
  find "$lib/node_modules" -type d -empty -delete
  find "$lib/node_modules" -type f -exec chmod 644 {} +
}

lib=$tree/usr/lib/relaypass
doc=/usr/share/doc/relaypass
put 644 /usr/lib/relaypass/ package.json
put 644 /usr/lib/relaypass/patterns/ patterns/*
mkdir "$lib/dist" && cp -r dist/src "$lib/dist/" && find "$lib/dist" -name '*.map' -delete
put_modules
prune_modules
mkdir -p "$tree/usr/bin" && ln -s ../lib/relaypass/dist/src/cli.js "$tree/usr/bin/relaypass"

put 644 /usr/lib/systemd/system/ systemd/*.service systemd/*.timer
put 644 /usr/lib/sysusers.d/relaypass.conf systemd/relaypass.sysusers
put 644 /etc/relaypass/ packaging/deb/relaypass.toml docs/examples/popauth.m4
install -d "$tree/etc/relaypass/patterns.d"
put 755 /etc/init.d/relaypass docs/examples/relaypass.init
put 644 /etc/cron.d/relaypass docs/examples/relaypass.cron
put 644 /etc/logrotate.d/relaypass docs/examples/relaypass.logrotate

completions=$tree/usr/share/bash-completion/completions
mkdir -p "$completions" && node dist/src/cli.js completion bash > "$completions/relaypass"
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
