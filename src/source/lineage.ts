/**
 * The generations of one log, oldest first, and the rules by which a file is known to be one of them.
 *
 * Every file that bears the log's name or a rotated one is compared with what was read. What is known is read on where
 * that makes sense; what is not known is a new generation, to be read from its beginning: so two rotations between two
 * looks lose nothing, and neither does a copy that was made before the log was truncated.
 */
import type { Clock } from '../clock.ts';
import { openBody, type Body, type Unavailable } from './body.ts';
import { NOTHING_READ, type Fingerprint } from './fingerprint.ts';
import { Generation, type GenerationRecord } from './generation.ts';
import { likenessOf, likest } from './likeness.ts';
import { contentsOf, inodeAt, list, namesOf, type Listing } from './listing.ts';
import { passBy, type PassByOptions } from './pass-by.ts';
import { realPath, type Sibling } from './siblings.ts';
import type { Notice } from './source.ts';

export interface LineageOptions extends PassByOptions {
  readonly clock: Clock;
}

/** What the log's name leads to now. */
export type Log = Generation | Unavailable;

const MTIME_SLACK_MS = 600_000; // between our clock and a file server's
const MAX_LOOKS = 10; // names that move all the while are looked at again by the next poll

export class Lineage {
  readonly #file: string;
  readonly #options: LineageOptions;
  readonly #tell: (notice: Notice) => void;
  /** Lines from before are of no use. It stays, so that no file is taken for old after this process was stopped for long. */
  readonly #since: number;
  #generations: Generation[];
  /** Nothing was identified yet: what is too old in what is found may be passed by. */
  #isFirstLook = true;
  #isFirstStart: boolean;
  /** What began where a generation was truncated away, until it is known whether that cut a line. */
  readonly #successors = new Map<Generation, Generation>();
  /** What was listed when all of it was last identified. */
  #identified: string | undefined;

  constructor(
    file: string,
    records: readonly GenerationRecord[],
    since: number,
    options: LineageOptions,
    tell: (notice: Notice) => void,
  ) {
    this.#file = file;
    this.#options = options;
    this.#tell = tell;
    this.#generations = records.map((record) => Generation.fromRecord(record, options.clock()));
    this.#since = since;
    this.#isFirstStart = records.length === 0;
  }

  get open(): readonly Generation[] {
    return this.#generations.filter(({ state }) => state === 'open');
  }

  get isEmpty(): boolean {
    return this.#generations.length === 0;
  }

  records(): GenerationRecord[] {
    return this.#generations.filter((generation) => !generation.isBlank).map((generation) => generation.toRecord());
  }

  /** Nothing is awaited but what is written to the log itself: no older file is drained, and none is looked for. */
  get isSettled(): boolean {
    return this.open.length === 1 && !this.#generations.some(isLost);
  }

  /** The writer has begun a generation that is newer than this one. */
  hasSuccessor(generation: Generation): boolean {
    return this.#generations.slice(this.#generations.indexOf(generation) + 1).some(({ isBlank }) => !isBlank);
  }

  /** Its file no longer holds what was read: the rest is to be found elsewhere, and a new generation begins in it. */
  lose(generation: Generation): void {
    const body = generation.lose();
    this.#identified = undefined;
    if (body === undefined) return;
    this.#successors.set(generation, this.#begin(generation.path, body));
  }

  close(): void {
    for (const generation of this.#generations) generation.close();
  }

  /** Tells whether files came, went or were renamed since all were identified. */
  hasMoved(): boolean {
    return this.#contents(this.#list()) !== this.#identified;
  }

  /**
   * The log as it is now. The siblings are looked at only when the log shows that it is another file, and as long as
   * nothing was read of it: then nothing shows whether it was truncated.
   */
  async look(): Promise<Log> {
    const { inode, trouble } = inodeAt(this.#file);
    const held = inode === undefined ? undefined : this.#holding(inode);
    if (held?.isBlank === false && this.#identified !== undefined) return held;
    const isRefused = held === undefined && inode !== undefined;
    if (isRefused || this.hasMoved()) return this.#identifyAll();
    return held ?? trouble ?? 'missing';
  }

  async #identifyAll(): Promise<Log> {
    for (let looks = 0; ; looks += 1) {
      const listing = this.#list();
      const { seen, unread } = await this.#identifySiblings(listing.siblings);
      const log = await this.#identifyLog();
      const isStable = namesOf(listing) === namesOf(this.#list());
      if (!isStable && looks < MAX_LOOKS) continue;
      if (isStable) this.#forgetRemoved(seen);
      await this.#skipCutLines();
      if (log instanceof Generation) this.#giveUp(unread);
      if (this.#isFirstStart) this.#tellUnread(unread);
      this.#isFirstStart = false;
      this.#isFirstLook = false;
      this.#identified = isStable ? this.#contents(listing) : undefined;
      return log;
    }
  }

  async #identifySiblings(siblings: readonly Sibling[]) {
    const seen = new Set<Generation>();
    const unread: string[] = [];
    for (const sibling of siblings) {
      const found = await this.#identify(sibling);
      if (found === 'unreadable') unread.push(sibling.path);
      else if (found !== undefined) seen.add(found);
    }
    return { seen, unread };
  }

  /**
   * Which generation `sibling` is, after making it one where it is new and not older than the horizon; `unreadable` when
   * there is no permission, or when something else than gzip has compressed it.
   */
  async #identify(sibling: Sibling): Promise<Generation | 'unreadable' | undefined> {
    const held = this.#holding(sibling.inode);
    const isOld = sibling.writtenAtMs < this.#since - MTIME_SLACK_MS;
    if (held !== undefined || (isOld && !this.#generations.some(isLost))) return held;
    if (sibling.format === 'unknown') return isOld ? undefined : 'unreadable';
    const body = openBody(sibling.path, sibling.format);
    if (body === 'missing') return undefined;
    if (body === 'unreadable') return isOld ? undefined : 'unreadable';
    const known =
      this.#holding(body.inode) ??
      (await likest(this.#generations, body, 'same')) ??
      (await likest(this.#generations, body, 'shorter'));
    if (known === undefined && !isOld) return this.#begin(sibling.path, body, await this.#ahead(sibling.path, body));
    if (known === undefined || !(await this.#resume(known, sibling.path, body, isOld))) body.close();
    return known;
  }

  /** Reads on in `body`, where that holds something of the known generation which was not read and is not old. */
  async #resume(known: Generation, path: string, body: Body, isOld: boolean): Promise<boolean> {
    if (known.state === 'open') return false; // a copy
    const isWhole = !isOld && (await likenessOf(known, body)) === 'same';
    const hasMore =
      isWhole && (known.state === 'lost' || (body.kind === 'plain' && (await hasBytesAfter(known, body))));
    if (hasMore) known.open(body, await this.#ahead(path, body, known.fingerprint));
    else if (known.state === 'lost') {
      if (isOld && body.kind === 'plain') this.#tellPassedBy(path, body.sizeBytes() - known.fingerprint.offset);
      known.finish();
    }
    return hasMore;
  }

  async #identifyLog(): Promise<Log> {
    const body = openBody(this.#file, 'plain');
    if (body === 'missing' || body === 'unreadable') return body;
    const log = this.#holding(body.inode);
    if (log !== undefined) body.close();
    const current = log ?? (await this.#adopt(body));
    this.#generations = [...this.#generations.filter((generation) => generation !== current), current];
    return current;
  }

  /** The generation that goes on in the log's own file `body`, which none has open. */
  async #adopt(body: Body): Promise<Generation> {
    const path = realPath(this.#file) ?? this.#file;
    const known = await likest(this.#generations, body, 'same');
    if (known === undefined) return this.#begin(path, body, await this.#ahead(path, body));
    if (known.state === 'open') return this.#begin(path, body, known.fingerprint); // a copy has taken the log's place
    known.open(body, await this.#ahead(path, body, known.fingerprint));
    known.path = path;
    return known;
  }

  #begin(path: string, body: Body, fingerprint = NOTHING_READ): Generation {
    const generation = new Generation(path, this.#options.clock());
    generation.open(body, fingerprint);
    this.#generations.push(generation);
    return generation;
  }

  /** Where to go on in `body`, of which `read` is known. */
  async #ahead(path: string, body: Body, read = NOTHING_READ): Promise<Fingerprint> {
    if (!this.#isFirstLook) return read;
    const ahead = await passBy(body, read, this.#since, this.#options);
    this.#tellPassedBy(path, ahead.offset - read.offset);
    return ahead;
  }

  /** It is no loss. */
  #tellPassedBy(path: string, bytes: number): void {
    if (bytes <= 0) return;
    const detail = `${path}: ${bytes} bytes from before ${new Date(this.#since).toISOString()}, too old to be of use`;
    this.#tell({ kind: 'passed-by', detail, count: undefined });
  }

  /** The rest of a line that was cut by a truncation is no line, though it may look like a login. */
  async #skipCutLines(): Promise<void> {
    for (const [cut, successor] of this.#successors) if (await cut.endsInsideLine()) successor.skipToLine();
    this.#successors.clear();
  }

  #giveUp(unread: readonly string[]): void {
    const others = unread.length === 0 ? '' : `, unless it is in ${unread.join(', ')}, which cannot be read`;
    for (const { path, fingerprint } of this.#generations.filter(isLost)) {
      const what = `what came after byte ${fingerprint.offset}, if anything, is lost${others}`;
      this.#tell(lost(`${path} was truncated or removed: ${what}`));
    }
    this.#generations = this.#generations.filter((generation) => !isLost(generation));
  }

  #tellUnread(unread: readonly string[]): void {
    for (const file of unread) this.#tell(lost(`${file} cannot be read: what it holds was not seen`));
  }

  #forgetRemoved(seen: ReadonlySet<Generation>): void {
    this.#generations = this.#generations.filter((generation) => generation.state !== 'done' || seen.has(generation));
  }

  #holding(inode: string): Generation | undefined {
    return this.#generations.find(({ body }) => body?.inode === inode);
  }

  #list(): Listing {
    return list(
      this.#file,
      this.#generations.map(({ path }) => path),
    );
  }

  #contents(listing: Listing): string {
    return contentsOf(listing, (inode) => this.#holding(inode) !== undefined);
  }
}

function isLost({ state }: Generation): boolean {
  return state === 'lost';
}

async function hasBytesAfter({ fingerprint }: Generation, body: Body): Promise<boolean> {
  return (await body.read(fingerprint.offset, 1)).length > 0;
}

function lost(detail: string): Notice {
  return { kind: 'data-lost', detail, count: undefined };
}
