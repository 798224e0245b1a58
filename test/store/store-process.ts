/** What the tests of the store run in another process: `node store-process.js COMMAND DIR ...`; each prints JSON lines. */
import { readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { addressOf, LIMITS, loginOf, MAX_SESSION_MS, START } from './fixture.ts';
import { OperationalError } from '../../src/errors.ts';
import { Store } from '../../src/store/store.ts';

const [command = '', dir = '', ...args] = process.argv.slice(2);
const now = Number(args[0] ?? START);
const log = { error: print, warn: print, info: print, debug: print, together: (tell: () => void) => tell() };

const maxSessionMs = command === 'entries' ? Number(args[1] ?? 0) : MAX_SESSION_MS;
const limits = { ...LIMITS, maxSessionMs, maxEntries: 1_000_000 };
const store = await Store.open({ dir, clock: () => now, log, limits });
switch (command) {
  case 'entries':
    print([...store.entries()]);
    break;
  case 'record':
    print(store.record({ logins: [loginOf(args[1] ?? '', now)] }));
    break;
  case 'open-session':
    store.record({ logins: [{ ...loginOf(args[1] ?? '', now), session: args[2] }] });
    process.kill(process.pid, 'SIGKILL');
    break;
  case 'record-for-ever':
    recordForEver();
    break;
  case 'publish-often':
    publishOften(args[1] ?? '', Number(args[2]));
    break;
  case 'fill-disk':
    await fillDisk(Number(args[1]));
    break;
  default:
    throw new Error(`no such command: ${command}`);
}
await store.close();

/**
 * Batch n holds the logins that {@link batchAddresses} names and ends the sessions of the one before; it is told on
 * stdout once it is acknowledged.
 */
function recordForEver(): never {
  const done = store.checkpoint('test')?.['batch'];
  for (let batch = typeof done === 'number' ? done + 1 : 1; ; batch++) {
    const session = `s${batch}`;
    const logins = batchAddresses(batch).map((address) => ({ ...loginOf(address, now, `user${batch}`), session }));
    const logouts = [{ session: `s${batch - 1}`, at: now }];
    store.record({ logins, logouts, progress: { source: 'test', checkpoint: { batch } } });
    print(batch);
  }
}

/** Changes the set, builds a "map" that holds its generation, publishes it; prints where an older one replaced a newer. */
function publishOften(map: string, times: number): void {
  const aside = `${map}.${process.pid}`;
  for (let turn = 0; turn < times; turn++) {
    store.record({
      logins: [loginOf(`10.${process.pid % 250}.${turn >> 8}.${turn & 255}`, now, `user${process.pid}-${turn}`)],
    });
    const { generation } = store.snapshot();
    writeFileSync(aside, String(generation));
    store.fence(map, generation, () => {
      const standing = Number(readFileSync(map, 'utf8'));
      if (standing > generation) print({ standing, generation });
      renameSync(aside, map);
    });
  }
}

/** Prints the codes of the first failure and of a write and a read after it, then what a new start finds. */
async function fillDisk(batchSize: number): Promise<void> {
  let acknowledged = 0;
  const recordMore = () => {
    const logins = Array.from({ length: batchSize }, (_, index) => {
      const host = acknowledged + index;
      return loginOf(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`, now, `user${host}`);
    });
    store.record({ logins, progress: { source: 'test', checkpoint: { acknowledged: acknowledged + batchSize } } });
    acknowledged += batchSize;
  };
  print(
    codeOf(() => {
      for (;;) recordMore();
    }),
  );
  print(codeOf(recordMore));
  print(codeOf(() => store.size()));
  await store.close();
  const again = await Store.open({ dir, clock: () => now, log, limits: { ...LIMITS, maxEntries: 1_000_000 } });
  const found = { size: again.size(), entries: [...again.entries()].length, checkpoint: again.checkpoint('test') };
  const whole = found.size === acknowledged && found.entries === acknowledged;
  const agrees = (found.checkpoint?.['acknowledged'] ?? 0) === acknowledged;
  print(whole && agrees ? 'kept all that was acknowledged' : { acknowledged, found });
  await again.close();
}

function codeOf(act: () => unknown): unknown {
  try {
    act();
    return 'no error';
  } catch (error) {
    return error instanceof OperationalError ? error.code : String(error);
  }
}

function batchAddresses(batch: number): string[] {
  return [1, 2, 3].map((host) => addressOf(`10.${batch >> 8}.${batch & 255}.${host}`));
}

function print(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`); // synchronous: what was printed has happened
}
