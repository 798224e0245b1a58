/**
 * The guarantee of source/file.ts against a model: whatever a host does to its log, in whatever order, every line that
 * could still be read somewhere comes exactly once, also after the reader was killed at any moment.
 *
 * Time and polls are the test's own, so a run depends on its seed alone: FOLLOW_SEED=n repeats one, FOLLOW_RUNS=n sets
 * the number of runs.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { createFileSource } from '../../src/source/file.ts';
import type { Batch, Checkpoint, LogSource } from '../../src/source/source.ts';
import { MailHost, stampOf } from './mail-host.ts';

type Action =
  | { do: 'write'; count: number; padding: number }
  | { do: 'partial'; padding: number }
  | { do: 'rotate'; style: 'number' | 'date' }
  | { do: 'rotateDelayed'; style: 'number' | 'date'; count: number }
  | { do: 'copytruncate'; between: 'nothing' | 'write' | 'poll' }
  | { do: 'truncateRegrow'; count: number }
  | { do: 'poll'; commits: number; meanwhile?: Meanwhile | undefined; turns: number }
  | { do: 'outage'; before: number; rotates: boolean; after: number }
  | { do: 'pause'; seconds: number }
  | { do: 'kill' }
  | { do: Plain }
  | { do: 'up' };

/** What happens to the log while the reader looks at it, at the points where it waits. */
type Meanwhile = 'write' | 'rotate' | 'copytruncate' | 'truncate' | 'symlink' | 'unlinkCreate' | 'compress' | 'late';

type Plain =
  | 'create'
  | 'reopen'
  | 'late'
  | 'truncate'
  | 'truncateSame'
  | 'symlink'
  | 'unlink'
  | 'unlinkCreate'
  | 'compress'
  | 'removeOldest'
  | 'stop';

const style = fc.constantFrom('number' as const, 'date' as const);
const padding = fc.constantFrom(0, 1, 7, 50, 300);
const count = fc.integer({ min: 1, max: 4 });
const committed = fc.integer({ min: 0, max: 9 });
const happening = fc.option(
  fc.constantFrom<Meanwhile[]>(
    'write',
    'rotate',
    'copytruncate',
    'truncate',
    'symlink',
    'unlinkCreate',
    'compress',
    'late',
  ),
  { nil: undefined, freq: 3 },
);
const someTurns = fc.integer({ min: 0, max: 100 });
const bulk = fc.integer({ min: 0, max: 30 });
const plain = (...names: Plain[]): fc.Arbitrary<Action> => fc.record({ do: fc.constantFrom(...names) });

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), count, padding }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('partial' as const), padding }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rotate' as const), style }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rotateDelayed' as const), style, count }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('copytruncate' as const),
      between: fc.constantFrom('nothing' as const, 'write' as const, 'poll' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncateRegrow' as const), count }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('poll' as const),
      commits: committed,
      meanwhile: happening,
      turns: someTurns,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('outage' as const), before: bulk, rotates: fc.boolean(), after: bulk }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const), seconds: fc.constantFrom(1, 20, 70, 2000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('up' as const) }) },
  { weight: 3, arbitrary: plain('create', 'reopen', 'late') },
  { weight: 2, arbitrary: plain('truncate', 'truncateSame', 'unlink', 'unlinkCreate', 'removeOldest') },
  { weight: 2, arbitrary: plain('symlink', 'compress', 'stop') },
);

/** A daemon as the source sees it: it commits batches, or dies before. */
class Reader {
  readonly #log: string;
  readonly #clock: () => number;
  readonly committed: string[] = [];
  uncommitted: string[] = [];
  #checkpoint: string | undefined;
  #source: LogSource | undefined;
  #last: Checkpoint | undefined;

  constructor(log: string, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#source !== undefined;
  }

  async start(since: number): Promise<void> {
    if (this.#source !== undefined) return;
    this.#source = createFileSource(this.#log, { clock: this.#clock, watch: false, stampOf, passByBytes: BULK_BYTES });
    const stored: Checkpoint | undefined = this.#checkpoint === undefined ? undefined : JSON.parse(this.#checkpoint);
    await this.#source.start(stored, since);
  }

  /** Reads to the end and commits after the first `commits` batches; `meanwhile` happens `turns` into the first. */
  async poll(commits: number, turns = 0, meanwhile?: () => void): Promise<void> {
    const first = this.#source?.read();
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    meanwhile?.();
    await this.#take(await first, commits);
    if (meanwhile !== undefined) await this.poll(commits);
  }

  async #take(first: Batch | undefined, commits: number): Promise<void> {
    let batches = 0;
    for (let batch = first; batch !== undefined; batch = await this.#source?.read()) {
      if (batch.kind === 'lines') this.uncommitted.push(...batch.bytes.toString('latin1').split('\n').slice(0, -1));
      this.#last = batch.checkpoint;
      batches += 1;
      if (batches <= commits) this.commit();
    }
  }

  commit(): void {
    if (this.#last === undefined) return;
    this.#checkpoint = JSON.stringify(this.#last);
    this.committed.push(...this.uncommitted);
    this.uncommitted = [];
    this.#last = undefined;
  }

  async die(): Promise<void> {
    await this.#source?.stop();
    this.#source = undefined;
    this.uncommitted = [];
    this.#last = undefined;
  }

  /** The paths that the stored position names: where a next start looks besides the log's own names. */
  remembered(): string[] {
    return [...(this.#checkpoint ?? '').matchAll(/"path":"([^"]+)"/g)].map(([, file]) => file ?? '');
  }
}

const GRACE_MS = 1_800_000;
const OUTAGE_MS = 10_800_000; // more than the grace and all that is read before it in doubt
const BULK_BYTES = 65_536; // less than this is not passed by
const BULK_PADDING = 6000;
const DELETED_MS = 3_500_000; // after an hour of silence a deleted log is let go of: see file.test.ts

class World {
  readonly host: MailHost;
  readonly reader: Reader;
  readonly mayBeLost = new Set<string>();
  #now = Date.UTC(2026, 10, 24);
  #upAt = this.#now;
  /** Older lines need not be read. */
  #since = 0;
  #pinned = new Set<{ lines: string[] }>();
  #rotatedAt = -Infinity;

  constructor(folder: string, appends: boolean) {
    this.host = new MailHost(folder, appends, () => this.#now);
    this.reader = new Reader(this.host.log, () => this.#now);
  }

  async run(step: Action): Promise<void> {
    await this.#do(step);
    this.#account();
  }

  async settle(): Promise<void> {
    this.host.finish();
    await this.run({ do: 'up' });
    await this.run({ do: 'poll', commits: Infinity, turns: 0 });
    this.#now += 70_000;
    await this.run({ do: 'poll', commits: Infinity, turns: 0 });
    this.reader.commit();
    await this.reader.die();
  }

  async #do(step: Action): Promise<void> {
    const { host, reader } = this;
    switch (step.do) {
      case 'write':
        return host.write(step.count, step.padding);
      case 'partial':
        return host.writePartial(step.padding);
      case 'rotate':
        return this.#rotate(step.style);
      case 'rotateDelayed':
        host.rotate(step.style);
        return host.write(step.count, 5);
      case 'copytruncate':
        return this.#copytruncate(step.between);
      case 'truncateRegrow':
        host.truncate();
        return host.write(step.count * 10, 40);
      case 'poll':
        if (!reader.isUp) return;
        await reader.poll(step.commits, step.turns, step.meanwhile && (() => this.#meanwhile(step.meanwhile)));
        for (const content of host.reachable(reader.remembered())) this.#pinned.add(content);
        host.noteRead(this.#pinned);
        return;
      case 'pause':
        if (this.#now - this.#upAt + step.seconds * 1000 < DELETED_MS) this.#now += step.seconds * 1000;
        return;
      case 'up':
        if (reader.isUp) return;
        this.#upAt = this.#now;
        this.#since = this.#now - GRACE_MS;
        return reader.start(this.#since);
      case 'outage':
        await this.#die();
        host.write(step.before, BULK_PADDING);
        if (step.rotates) this.#rotate('number');
        this.#now += OUTAGE_MS;
        return host.write(step.after, BULK_PADDING);
      case 'stop':
        if (reader.isUp) reader.commit();
        return this.#die();
      case 'kill':
        return this.#die();
      case 'create':
        return host.create();
      case 'reopen':
        this.#rotatedAt = this.#now;
        return host.reopen();
      case 'late': // within the minute for which a renamed file is read on
        return void (this.#now - this.#rotatedAt < 50_000 && host.writeLate());
      case 'truncate':
        return host.truncate();
      case 'truncateSame':
        return host.truncateToSameSize();
      case 'symlink':
        return host.switchSymlink();
      case 'unlink':
        return host.unlink();
      case 'unlinkCreate':
        host.unlink();
        return host.create();
      case 'compress':
        return host.compress();
      case 'removeOldest':
        return host.removeOldest();
    }
  }

  #meanwhile(step: Meanwhile | undefined): void {
    const { host } = this;
    if (step === 'compress' || step === 'copytruncate') this.#noteCopy();
    if (step === 'write') host.write(2, 3);
    if (step === 'rotate') this.#rotate('number');
    if (step === 'copytruncate') host.copy();
    if (step === 'truncate' || step === 'copytruncate') host.truncate();
    if (step === 'symlink') host.switchSymlink();
    if (step === 'unlinkCreate') host.unlink();
    if (step === 'unlinkCreate') host.create();
    if (step === 'compress') host.compress();
    if (step === 'late' && this.#now - this.#rotatedAt < 50_000) host.writeLate();
    this.#account();
  }

  #rotate(how: 'number' | 'date'): void {
    this.host.rotate(how);
    this.host.create();
    this.#rotatedAt = this.#now;
    this.host.reopen();
  }

  async #copytruncate(between: 'nothing' | 'write' | 'poll'): Promise<void> {
    this.host.copy();
    if (between !== 'nothing') this.host.write(1, 3);
    if (between === 'poll') await this.#pollBetween();
    this.host.truncate();
  }

  async #pollBetween(): Promise<void> {
    this.#noteCopy();
    await this.run({ do: 'poll', commits: 1, turns: 0 });
  }

  /** A copy that is there beside its original while the reader looks: what it has not read yet may come twice. */
  #noteCopy(): void {
    const before = new Set(this.#delivered());
    for (const line of this.host.written) if (!before.has(line)) this.host.copiedUnread.add(line);
  }

  async #die(): Promise<void> {
    await this.reader.die();
    this.#pinned.clear();
  }

  #delivered(): string[] {
    return [...this.reader.committed, ...this.reader.uncommitted];
  }

  /** Notes the lines that nobody could read any more, or need not. */
  #account(): void {
    const contents = [...this.host.reachable(this.reader.remembered()), ...this.#pinned];
    const readable = new Set([...this.#delivered(), ...contents.flatMap(({ lines }) => lines)]);
    for (const line of this.host.written) if (!readable.has(line)) this.mayBeLost.add(line);
    for (const line of this.host.written) if ((stampOf(line) ?? 0) < this.#since) this.mayBeLost.add(line);
    for (const line of this.host.mayBeSkipped) this.mayBeLost.add(line);
  }
}

const seed = Number(process.env['FOLLOW_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env['FOLLOW_RUNS'] ?? 3000);
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-follow-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

test('gives every line exactly once through any order of writes, rotations, truncations, copies, pauses and kills', async () => {
  process.stdout.write(`FOLLOW_SEED=${seed} FOLLOW_RUNS=${numRuns}\n`);
  const actions = fc.array(action, { maxLength: 40, size: 'max' });
  const property = fc.asyncProperty(fc.boolean(), actions, async (appends, steps) => {
    const folder = fs.mkdtempSync(path.join(root, 'run-'));
    const world = new World(folder, appends);
    try {
      await world.run({ do: 'up' });
      for (const step of steps) await world.run(step);
      await world.settle();
    } finally {
      world.host.close();
      await world.reader.die();
      fs.rmSync(folder, { recursive: true });
    }
    verify(world);
  });
  await fc.assert(property, { seed, numRuns, timeout: 20_000 }); // a run takes milliseconds: a hang is a failure
}, 600_000);

function verify({ host, reader, mayBeLost }: World): void {
  const times = new Map<string, number>();
  for (const line of reader.committed) times.set(line, (times.get(line) ?? 0) + 1);
  const missing = host.written.filter((line) => !times.has(line) && !mayBeLost.has(line));
  const repeated = host.written.filter((line) => (times.get(line) ?? 0) > 1 && !host.mayRepeat(line));
  const written = new Set(host.written);
  const invented = [...times.keys()].filter((line) => !written.has(line) && !host.fragments.has(line));
  expect({ missing, repeated, invented }).toEqual({ missing: [], repeated: [], invented: [] });
}
