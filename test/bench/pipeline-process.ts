/** Reads a log from its first line to its end into a store, as the daemon does, and ends: LOG FOLDER GRACE_MS [all] */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { configSchema } from '../../src/config/schema.ts';
import { Intake } from '../../src/intake.ts';
import { createLog } from '../../src/log.ts';
import { Tally } from '../../src/metrics/tally.ts';
import { loadPatterns, SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import { createFileSource } from '../../src/source/file.ts';
import { limitsOf } from '../../src/store/limits.ts';
import { Store } from '../../src/store/store.ts';

const nothing = () => undefined;

void main();

async function main(): Promise<void> {
  const [file = '', dir = '', grace = '1800000', which] = process.argv.slice(2);
  const clock = Date.now;
  const log = createLog({ write: () => undefined, priorities: false });
  const config = { ...configSchema.parse({ admission: { max_entries: 1_000_000 } }), grace: Number(grace) };
  const use = readdirSync(SHIPPED_PATTERNS)
    .filter((name) => name.endsWith('.toml'))
    .map((name) => name.slice(0, -5));
  rmSync(dir, { recursive: true, force: true });
  const store = await Store.open({ dir, limits: limitsOf(config), clock, log });
  const source = createFileSource(file, { clock, watch: false });
  const matcher = new Matcher(
    loadPatterns(which === 'all' ? { ...config.patterns, use } : config.patterns, log),
    source.id,
  );
  const tally = new Tally(clock());
  const parts = { source, matcher, config, store, clock, log, tally, onGranted: nothing, onEnded: nothing };
  let quiet = 0;
  let ownMb = 0;
  const intake = new Intake({
    ...parts,
    onRound: () => {
      ownMb = Math.max(ownMb, ownMbNow());
      if (matcher.counts.lines === quiet) intake.stop();
      quiet = matcher.counts.lines;
    },
  });
  await intake.start();
  await intake.run();
  await intake.close();
  const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(JSON.stringify({ lines: matcher.counts.lines, entries: store.size(), rssMb, ownMb }) + '\n');
  await store.close();
}

/** Memory that no file lies behind. */
function ownMbNow(): number {
  const [, kb] = /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Math.round(Number(kb) / 1024);
}
