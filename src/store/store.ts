/**
 * What relaypass remembers: who may relay and why, how far each log was read, and which map is published. The daemon
 * and the commands open it side by side; each call sees the latest commit of all of them.
 *
 * Promises: what a call has written is on the disk when it returns, or the call has thrown; what a source can give again
 * ({@link Store.record}) is there a moment later, and before anything that comes after it. Nothing that it returns as
 * permitted is past by the clock, or outlives both now + grace and the bound of its open sessions. A failed write is
 * final: the store throws it again at every later call (`store-failed`, exit 74), and the process is to end.
 *
 * Limits: iterate what {@link Store.entries} gives to its end before the next call, in the same turn of the event loop.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Address } from '../login/address.ts';
import type { Login, Logout } from '../login/login.ts';
import { isPresent, isSameProcess, type Presence } from '../presence.ts';
import type { Checkpoint } from '../source/source.ts';
import type { Change } from './change.ts';
import type { Entry } from './entry.ts';
import { Fence, type Published } from './fence.ts';
import type { Limits } from './limits.ts';
import { Environment, type Key } from './lmdb.ts';
import { Logins } from './logins.ts';
import { Meta } from './meta.ts';
import type { Outcome } from './outcome.ts';
import { PermittedSet, type SetChanges, type SetState, type Snapshot } from './permitted-set.ts';
import { prepareStore, type PrepareOptions } from './prepare.ts';
import { bury, keepTombstones, revoke, type Barred, type Revoked } from './purge.ts';
import { Reader, type Page } from './reader.ts';
import { Recorder } from './recorder.ts';
import { selected, type Selector } from './selector.ts';
import { EndedSessions } from './sessions.ts';
import { Tombstones, type Tombstone, type TombstoneSet } from './tombstones.ts';
import { Trail, type TrailEvent, type TrailPosition, type TrailQuery } from './trail.ts';
import { Writer, type Outlook } from './writer.ts';

export interface StoreOptions {
  /** The store's own folder; it is created, its parent is not. */
  readonly dir: string;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** What to do with a store that cannot be read: only the daemon sets it aside. @default "refuse" */
  readonly broken?: PrepareOptions['broken'];
}

/** A batch of a source: its logins and logouts, and where the source was after it. */
export interface Recording {
  readonly logins: readonly Login[];
  /** Each ends the session of its id, also of a login in this batch that came after it. */
  readonly logouts?: readonly Logout[];
  readonly progress?: { readonly source: string; readonly checkpoint: Checkpoint };
  /** What was refused before it came here, for the audit trail. */
  readonly refused?: readonly TrailEvent[];
}

export class Store {
  readonly #environment: Environment;
  readonly #logins: Logins;
  readonly #ended = new EndedSessions();
  readonly #meta: Meta;
  readonly #tombstones: Tombstones;
  readonly #fence: Fence;
  readonly #trail: Trail;
  readonly #reader: Reader;
  readonly #set: PermittedSet;
  readonly #writer: Writer;
  readonly #clock: Clock;
  #share: ((logins: readonly Login[]) => void) | undefined;

  private constructor(environment: Environment, limits: Limits, clock: Clock) {
    this.#environment = environment;
    this.#logins = new Logins(environment);
    this.#meta = new Meta(environment);
    this.#tombstones = new Tombstones(environment);
    this.#fence = new Fence(environment);
    this.#trail = new Trail(environment, clock);
    const [logins, meta, tombstones, trail] = [this.#logins, this.#meta, this.#tombstones, this.#trail];
    this.#reader = new Reader(logins, limits);
    this.#set = new PermittedSet(logins, meta, limits);
    this.#writer = new Writer({ environment, logins, meta, tombstones, trail }, limits);
    this.#clock = clock;
  }

  /**
   * Opens the store in `dir`, as its owner.
   * @throws OperationalError when the folder is somebody else's, or when the store is broken, of another version of
   * relaypass, or on a disk that fails
   */
  static async open({ dir, limits, clock, log, broken = 'refuse' }: StoreOptions): Promise<Store> {
    prepareStore({ dir, broken, clock, log });
    const environment = new Environment(dir);
    const store = new Store(environment, limits, clock);
    try {
      environment.write(() => store.#meta.beginOrCheck(dir));
    } catch (error) {
      await environment.close();
      throw error;
    }
    return store;
  }

  /**
   * Records a batch and how far its source was read, in one transaction; the outcomes are in the logins' order. With
   * progress, what a power cut takes is read again: then who asks sees it at once, and the disk has it a moment later.
   */
  record(recording: Recording): Outcome[] {
    const work = (change: Change) => this.#record(change, recording);
    const now = this.#clock();
    return recording.progress === undefined ? this.#writer.change(now, work) : this.#writer.changeSoon(now, work);
  }

  #record(change: Change, { logins, logouts = [], progress, refused = [] }: Recording): Outcome[] {
    const recorder = new Recorder(change, this.#ended);
    const buried = this.#tombstones.all();
    const outcomes = logins.map((login) => recorder.record(login, buried));
    for (const logout of logouts) recorder.logout(logout);
    if (progress !== undefined) this.#meta.setCheckpoint(progress.source, progress.checkpoint);
    this.#trail.append(refused);
    this.#share?.(logins.filter((_, index) => isKept(outcomes[index])));
    return outcomes;
  }

  /**
   * Records what `admitted` lets in of what the cluster tells, given the tombstones; the result are the logins that are
   * new here. All of it is one transaction, so no purge falls between the look at the tombstones and the record.
   */
  recordShared(admitted: (tombstones: TombstoneSet) => readonly Login[]): Login[] {
    return this.#change((change) => {
      const recorder = new Recorder(change, this.#ended);
      return admitted(this.#tombstones.all()).filter((login) => recorder.recordShared(login).kind === 'granted');
    });
  }

  /**
   * Calls `share` with the logins that a commit of this process keeps, right before it goes to the disk, so that nobody
   * waits for two disks in turn; `share` uses no store. Purges leave tombstones from now on.
   */
  shareWith(share: (logins: readonly Login[]) => void): void {
    this.#share = share;
  }

  /** All entries, ordered by the text of their address. */
  *entries(): Iterable<Entry> {
    yield* this.#environment.read(() => this.#reader.entries(this.#clock()));
  }

  /**
   * The live logins of about `limit` records from `start` on, and where to go on, undefined at the end: for who cannot
   * stop the event loop as long as {@link entries} of a large store does.
   */
  page(start: Key, limit: number): Page {
    return this.#environment.read(() => this.#reader.page(start, limit, this.#clock()));
  }

  /** The entry that permits `address`: its own or its network's. */
  entry(address: Address): Entry | undefined {
    return this.#environment.read(() => this.#reader.entry(address, this.#clock()));
  }

  /** The live login of `user` at exactly `address`. */
  login(address: Address, user: string): Login | undefined {
    return this.#environment.read(() => this.#reader.login(address, user, this.#clock()));
  }

  /** The entries that a live login of `user` has a part in. */
  entriesOfUser(user: string): Entry[] {
    return this.#environment.read(() => this.#reader.entriesOfUser(user, this.#clock()));
  }

  /** Removes what `selector` names, as `admin` asks; a shared address stays permitted by its other users' logins. */
  purge(selector: Selector, admin?: string): Login[] {
    return this.#change((change) => {
      if ('expired' in selector) return [...change.expire().logins];
      const stored = selected(this.#logins, selector);
      change.remove(stored, { by: admin });
      const logins = stored.map(({ login }) => login);
      if (this.#share !== undefined && !('remote' in selector)) keepTombstones(change, this.#tombstones, logins);
      return logins;
    });
  }

  /** Keeps tombstones, and removes the logins that they cover; `by` is who asks, for the trail. */
  bury(tombstones: readonly Tombstone[], by: string): Login[] {
    return this.#change((change) => bury(change, this.#tombstones, tombstones, by));
  }

  /** Removes the logins that `barred` tells a reason against. The daemon does so when it starts: its rules may be new. */
  revoke(barred: Barred): Revoked[] {
    return this.#change((change) => revoke(change, barred));
  }

  /** The tombstones of the last day. */
  tombstones(): TombstoneSet {
    return this.#environment.read(() => this.#tombstones.all());
  }

  /** What {@link purge} would remove. */
  purgeable(selector: Selector): Login[] {
    return this.#environment.read(() => this.#reader.purgeable(selector, this.#clock()));
  }

  /** Removes what is past; the result are the entries that ended, with the logins that kept them to the last. */
  expire(): Entry[] {
    return this.#writer.expire(this.#clock());
  }

  /** Whether {@link expire} has anything to do, and when it will: one look at the store, for who asks each second. */
  outlook(): Outlook {
    return this.#writer.outlook(this.#clock());
  }

  /** When {@link expire} will have something to look at, undefined when nothing is kept. */
  nextExpiryAt(): number | undefined {
    return this.#environment.read(() => this.#logins.firstDueAt());
  }

  /**
   * The permitted addresses, for a map; what is past is removed first, so that equal generations are equal sets. Where
   * nobody reads the log, nobody hears of logouts: with sessions ignored each login counts by its grace alone.
   */
  snapshot(sessions: 'counted' | 'ignored' = 'counted'): Snapshot {
    const now = this.#clock();
    this.#writer.expire(now);
    return this.#environment.read(() =>
      sessions === 'counted' ? this.#set.snapshot(now) : this.#set.snapshotWithoutSessions(now),
    );
  }

  /** The state of the set of {@link snapshot}, without reading it. */
  setState(): SetState {
    this.expire();
    return this.#environment.read(() => this.#set.state());
  }

  /**
   * What became of the addresses that have come or gone since `generation`; undefined where that is not known, as of
   * the changes that another process made, or of very many.
   */
  changesSince(generation: number): SetChanges | undefined {
    this.expire();
    return this.#environment.read(() => {
      const moved = this.#writer.recent.between(generation, this.#set.state().generation);
      return moved && this.#set.changes(moved);
    });
  }

  /** Publishes a map through the fence: see {@link Fence.publish}. */
  fence(mapPath: string, generation: number, replace: () => void): 'published' | 'stale' {
    return this.#fence.publish(mapPath, generation, replace);
  }

  /** The first half of {@link fence}, for who can do it while he makes the map. */
  raiseFence(mapPath: string, generation: number): void {
    this.#fence.raise(mapPath, generation);
  }

  /** What was last published at `mapPath`, undefined when nothing was. */
  published(mapPath: string): Published | undefined {
    return this.#fence.published(mapPath);
  }

  /** The path of every map that was ever published. */
  publishedFiles(): string[] {
    return this.#fence.files();
  }

  /** The daemon that works on this store; it may have died since. */
  presence(): Presence | undefined {
    return this.#environment.read(() => this.#meta.presence());
  }

  /** Notes that `daemon` works on this store; where another one does, which is then the result, notes nothing. */
  enter(daemon: Presence): Presence | undefined {
    return this.#environment.write(() => {
      const other = this.#meta.presence();
      if (other !== undefined && !isSameProcess(other, daemon) && isPresent(other)) return other;
      this.#meta.setPresence(daemon);
      return undefined;
    });
  }

  /** Takes back the note of `daemon`, and of no other. */
  leave(daemon: Presence): void {
    this.#environment.write(() => {
      const noted = this.#meta.presence();
      if (noted !== undefined && isSameProcess(noted, daemon)) this.#meta.setPresence(undefined);
    });
  }

  /** Where `source` was when its last batch was recorded. */
  checkpoint(source: string): Checkpoint | undefined {
    return this.#environment.read(() => this.#meta.checkpoint(source));
  }

  /** The audit trail, oldest first, and where it ends, from where the next call may go on. */
  events(query: TrailQuery = {}): { readonly events: TrailEvent[]; readonly position: TrailPosition } {
    return this.#environment.read(() => this.#trail.read(query));
  }

  /** Counts the changes of the set of permitted addresses. */
  generation(): number {
    return this.#environment.read(() => this.#meta.state().generation);
  }

  /** How many addresses are kept, past ones included until {@link expire}. */
  size(): number {
    return this.#environment.read(() => this.#meta.state().addresses);
  }

  /** The ids of the sessions whose logout may be to come; what is past counts until {@link expire}. */
  openSessions(): string[] {
    return this.#environment.read(() => this.#logins.openSessions());
  }

  /** Idempotent; every other call throws afterwards. */
  async close(): Promise<void> {
    await this.#environment.close();
  }

  #change<T>(work: (change: Change) => T): T {
    return this.#writer.change(this.#clock(), work);
  }
}

function isKept(outcome: Outcome | undefined): boolean {
  return outcome?.kind === 'granted' || outcome?.kind === 'refreshed';
}
