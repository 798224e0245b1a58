/** What a pattern more costs: the same log against 1 and against 100.    npm run bench:patterns */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadPattern, readPattern } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import type { Pattern } from '../../src/pattern/pattern.ts';
import { writeMailLog } from './mail-log.ts';
import { percentile } from './measure.ts';
import { report } from './report.ts';

const ROUNDS = 7;
const folder = mkdtempSync(path.join(os.tmpdir(), 'relaypass-bench-'));
const log = path.join(folder, 'mail.log');
writeMailLog(log, { bytes: 1e8, seed: 1, endAt: Date.now(), addresses: 50_000 });
const bytes = readFileSync(log);
const dovecot = loadPattern(path.join(SHIPPED_PATTERNS, 'dovecot.toml'));
const others = Array.from({ length: 99 }, (_, index) => madeUp(`server${index}`));
rmSync(folder, { recursive: true });

const times: { readonly one: number[]; readonly hundred: number[] } = { one: [], hundred: [] };
for (let round = 0; round < ROUNDS; round++) {
  times.one.push(cpuMsOf([dovecot]));
  times.hundred.push(cpuMsOf([dovecot, ...others]));
}
const ratio = percentile(times.hundred, 50) / percentile(times.one, 50);
const measured = `${ratio.toFixed(2)} x (${percentile(times.one, 50).toFixed(0)} and ${percentile(times.hundred, 50).toFixed(0)} ms of CPU for 100 MB)`;
report('patterns', [{ what: '100 patterns against 1', measured, target: '<= 1.15 x', isMet: ratio <= 1.15 }]);

/** A pattern of a server that this log has no line of. */
function madeUp(name: string): Pattern {
  const file = path.join(folder, `${name}.toml`);
  const regex = '^LOGIN, user=(?P<user>[^<>, ]+), from (?P<address>[0-9A-Fa-f:.]+)$';
  writeFileSync(
    file,
    `name = "${name}"\ntitle = "T"\nauthor = "A"\nfacts = "F"\ntags = ["${name}"]\n[[login]]\nregex = '''${regex}'''\n`,
  );
  return readPattern(file);
}

function cpuMsOf(patterns: readonly Pattern[]): number {
  const matcher = new Matcher(patterns, 'bench');
  const before = process.cpuUsage();
  for (let start = 0; start < bytes.length;) {
    const end = bytes.lastIndexOf(10, start + 262_144) + 1;
    matcher.match(
      { kind: 'lines', bytes: bytes.subarray(start, end), checkpoint: {}, notices: [] },
      Date.now(),
      Date.now(),
    );
    start = end;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
