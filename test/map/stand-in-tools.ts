/**
 * Small executables in the place of an MTA's tools: they build "databases" that are plain text, so that a test can read
 * them, and can be given any fault.
 */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { MapTools } from '../../src/map/tools.ts';

// The rows of one file but those whose keys another one has, then those, in the order of a build.
const PUT = `put() {
  { awk -F'\\t' 'NR == FNR { new[$1] = 1; next } !($1 in new)' "$1" "$2"; cat "$1"; } | grep -v '^relaypass:probe' | LC_ALL=C sort > "$2.new"
  grep '^relaypass:probe' "$2" >> "$2.new"
  mv "$2.new" "$2"
}`;

/** `makemap -C CF -c BYTES TYPE NAME`, `makemap -C CF -o -r TYPE NAME`, `makemap -l` and `makemap -C CF -u TYPE NAME`. */
export const GOOD_MAKEMAP = `
case $1 in -l) printf 'hash\\nbtree\\nimplicit\\n'; exit ;; esac
case $3 in -u) exec cat "$5.db" ;; esac
${PUT}
case $3 in -o) cat > rows; put rows "$6.db"; exit ;; esac
exec cat > "$6.db"`;

/** `editmap -C CF -q TYPE NAME KEY` and `editmap -C CF -x TYPE NAME KEY` */
export const GOOD_EDITMAP = `
[ -f "$5.db" ] || { echo "editmap: error opening type $4 map $5: No such file or directory" >&2; exit 73; }
value=$(sed -n "s/^$6\\t//Ip" "$5.db")
case $3$value in
-q) echo "editmap: couldn't find key $6 in map $5" >&2; exit 69 ;;
-q*) echo "$value" ;;
-x) echo "editmap: key $6 doesn't exist in map $5" >&2 ;;
-x*) sed -i "/^$6\\t/Id" "$5.db" ;;
esac`;

/** `postmap TYPE:NAME`, `postmap -q KEY TYPE:NAME`, `postmap -i -r TYPE:NAME` and `postmap -d - TYPE:NAME` */
export const GOOD_POSTMAP = `
${PUT}
case $1 in
-q) sed -n "s/^$2\\t//p" "\${3#*:}.db" | grep . ;;
-i) cat > rows; put rows "\${3#*:}.db" ;;
-d) file="\${3#*:}.db"; before=$(wc -l < "$file"); while read -r key; do sed -i "/^$key\\t/d" "$file"; done; [ "$before" -gt "$(wc -l < "$file")" ] ;;
*) exec cp "\${1#*:}" "\${1#*:}.db" ;;
esac`;

/** `postconf -m` and `postconf -h default_database_type` */
export const GOOD_POSTCONF = `case $1 in -m) printf 'btree\\nhash\\nlmdb\\npcre\\n' ;; -h) echo hash ;; esac`;

/** Shell scripts by name, put into `folder` as the host's only tools. */
export function standInTools(folder: string, scripts: Readonly<Record<string, string>>): MapTools {
  for (const [name, script] of Object.entries(scripts)) setTool(folder, name, script);
  const find = (tool: string) => (existsSync(path.join(folder, tool)) ? path.join(folder, tool) : undefined);
  return { find, env: { PATH: '/usr/bin:/bin' } };
}

/** Replaces one tool, as a fault that comes or goes. */
export function setTool(folder: string, name: string, script: string): void {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}
