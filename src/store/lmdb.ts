/**
 * One LMDB environment and its tables. The only file that imports lmdb, and it hides these quirks of lmdb-js 3.5:
 * - `transactionSync(() => db.put())` returns a promise, and an error in it vanishes: here only the synchronous calls
 *   are used, and the callback of a transaction returns nothing but the mark that aborts it.
 * - A read transaction is kept for the rest of the event turn, so a reader would miss another process's commit: every
 *   {@link Environment.read} begins with a fresh one.
 * - It copies each value that a range gives: here all are read where the library has them.
 * - After a failed commit the library may hang or lie. So the first failure is final: every later call throws it again,
 *   and the process is to end (exit 74) and be restarted.
 *
 * Keys are tuples of numbers and strings, ordered element by element; a string holds no NUL. Values are bytes.
 *
 * Limits: LMDB has no checksums. A truncated file kills the process by SIGBUS and garbage by SIGSEGV, and so does a
 * lock file of another owner: prepare.ts looks before this file touches anything.
 */
import path from 'node:path';
import { ABORT, open, type Database, type RangeOptions, type RootDatabase } from 'lmdb';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { LateSync } from './late-sync.ts';

const DURABLE: number = 0x3; // for lmdb-js: synchronous, and can be aborted
/** With MDB_NOMETASYNC: the disk has its pages when it returns, and the meta page that names them after the next sync. */
const UNDOABLE: number = 0x4_0003;

export type Key = readonly (string | number)[];
type LmdbKey = (string | number)[];

/** The bytes of a value, good until the next call or step, which may use their memory; its other methods know no length. */
export type Value = Pick<Buffer, 'length' | 'readUInt32LE' | 'toString'>;

export class Environment {
  readonly #root: RootDatabase<Buffer, LmdbKey>;
  readonly #dir: string;
  #lateSync: LateSync | undefined;
  #failure: OperationalError | undefined;

  /** Opens the environment in `dir`, which exists; throws what LMDB says. */
  constructor(dir: string) {
    this.#dir = dir;
    this.#root = open({ path: dir, encoding: 'binary', noSubdir: false, maxDbs: 12 });
  }

  table(name: string): Table {
    const options = { name, encoder: IN_PLACE }; // which the library's type of them lacks
    return new Table(this.#root.openDB(options), (error) => this.#fail(error));
  }

  /** Runs `work` on one consistent view: the latest commit of any process. */
  read<T>(work: () => T): T {
    this.#mustBeSound();
    this.#root.resetReadTxn();
    return work();
  }

  /**
   * Runs `work` as one transaction, the only one of all processes: when this returns, its writes are on the disk; when
   * `work` throws, none of them ever was.
   */
  write<T>(work: () => T): T {
    return this.#transact(work, DURABLE);
  }

  /**
   * The same for what can be done again: when this returns, all processes see its writes, and the disk has them a moment
   * later, or with the next {@link Environment.write} of any process. Power that fails before undoes all of it.
   */
  writeSoon<T>(work: () => T): T {
    this.#lateSync ??= new LateSync(path.join(this.#dir, 'data.mdb'), (error) => this.#fail(error));
    const value = this.#transact(work, UNDOABLE);
    this.#lateSync.begin();
    return value;
  }

  #transact<T>(work: () => T, flags: number): T {
    this.#mustBeSound();
    let outcome: { readonly value: T } | { readonly thrown: unknown } | undefined;
    const run = () => {
      try {
        outcome = { value: work() };
        return undefined;
      } catch (error) {
        outcome = { thrown: error };
        return ABORT;
      }
    };
    try {
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- lmdb-js passes flags on that its type does not name
      this.#root.transactionSync(run, flags);
    } catch (error) {
      throw this.#fail(error);
    }
    if (outcome === undefined) throw this.#fail(new Error('the transaction did not run'));
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome.value;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const lateSync = this.#lateSync;
    this.#lateSync = undefined;
    await lateSync?.close();
    await this.#root.close();
  }

  #mustBeSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(error: unknown): OperationalError {
    this.#failure ??= new OperationalError(
      'store-failed',
      EXIT.io,
      `${this.#dir}: the store failed: ${reasonOf(error)}; relaypass ends rather than go on in doubt: free or mend the disk and start it again`,
      { cause: error },
    );
    return this.#failure;
  }
}

type Fail = (error: unknown) => OperationalError;

/** A table as the store needs it; to be used inside `read` or `write`. */
export class Table {
  readonly #database: Database<Buffer, LmdbKey>;
  readonly #fail: Fail;

  constructor(database: Database<Buffer, LmdbKey>, fail: Fail) {
    this.#database = database;
    this.#fail = fail;
  }

  get(key: Key): Value | undefined {
    try {
      return this.#database.getBinaryFast(unchanged(key));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Has copied `value` when it returns. */
  put(key: Key, value: Buffer): void {
    try {
      this.#database.putSync(unchanged(key), value);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  remove(key: Key): void {
    try {
      this.#database.removeSync(unchanged(key));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Every key that begins with `prefix`, in order. */
  *keys(prefix?: Key): Iterable<Key> {
    try {
      for (const key of this.#database.getKeys(rangeOf(prefix))) yield tupleOf(key);
    } catch (error) {
      throw this.#fail(error); // of the cursor: what the consumer's loop throws never comes here
    }
  }

  /** Every key before `end`, in order, read at once: the table may change while they are looked at. */
  keysBefore(end: Key): Key[] {
    try {
      const found: Key[] = [];
      for (const key of this.#database.getKeys({ end: unchanged(end) })) found.push(tupleOf(key));
      return found;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  firstKey(): Key | undefined {
    return this.#firstIn({});
  }

  /** The last key that begins with `prefix`. */
  lastKey(prefix: Key): Key | undefined {
    return this.#firstIn(reversedRangeOf(prefix));
  }

  #firstIn(range: RangeOptions): Key | undefined {
    try {
      const [key] = this.#database.getKeys({ ...range, limit: 1 });
      return key === undefined ? undefined : tupleOf(key);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Every key that begins with `prefix`, in order, with its value. */
  entries(prefix?: Key): Iterable<readonly [Key, Value]> {
    return this.#entriesIn(rangeOf(prefix));
  }

  /** The same, the last key first. */
  reversed(prefix: Key): Iterable<readonly [Key, Value]> {
    return this.#entriesIn(reversedRangeOf(prefix));
  }

  /** The same for every key from `start` on. */
  entriesFrom(start: Key): Iterable<readonly [Key, Value]> {
    return this.#entriesIn({ start: [...start] });
  }

  *#entriesIn(range: RangeOptions): Iterable<readonly [Key, Value]> {
    try {
      for (const { key, value } of this.#database.getRange(range)) yield [tupleOf(key), value];
    } catch (error) {
      throw this.#fail(error);
    }
  }
}

/** Puts and gives values as they are; without a decoder, the library copies what it gives. */
const IN_PLACE = { encode: (value: Buffer) => value, decode: (value: Buffer) => value };

/** Without a copy: the library does not change it. */
function unchanged(key: Key): LmdbKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its type only lacks `readonly`
  return key as LmdbKey;
}

function rangeOf(prefix: Key = []): RangeOptions {
  return prefix.length === 0 ? {} : { start: [...prefix], end: [...prefix, AFTER_ALL] };
}

function reversedRangeOf(prefix: Key): RangeOptions {
  return { start: [...prefix, AFTER_ALL], end: [...prefix], reverse: true };
}

/** A tuple of one comes back as its element. */
function tupleOf(key: LmdbKey | string | number): Key {
  return Array.isArray(key) ? key : [key];
}

const AFTER_ALL = Buffer.from([0xff]); // sorts after every number and string in lmdb-js's key encoding
