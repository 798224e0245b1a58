/** A record as one transaction finds it, and as it is to be. */
export interface Cell<K, V> {
  readonly key: K;
  before: V;
  now: V;
  /** Whether it is known to those who write. */
  isTouched: boolean;
}

/** What one transaction knows of a table: it reads each record once, however often it asks for it and changes it. */
export class Cells<K, V> {
  readonly #read: (key: K) => V;
  readonly #cells = new Map<string, Cell<K, V>>();
  #touched: Cell<K, V>[] = [];

  constructor(read: (key: K) => V) {
    this.#read = read;
  }

  /** The record of `key`, which alone has that `name`. */
  at(name: string, key: K): Cell<K, V> {
    return this.#cells.get(name) ?? this.#add(name, key, this.#read(key));
  }

  /** The same where the caller has just read it: as `stored`. */
  of(name: string, key: K, stored: V): Cell<K, V> {
    return this.#cells.get(name) ?? this.#add(name, key, stored);
  }

  #add(name: string, key: K, before: V): Cell<K, V> {
    const cell = { key, before, now: before, isTouched: false };
    this.#cells.set(name, cell);
    return cell;
  }

  set(cell: Cell<K, V>, value: V): void {
    cell.now = value;
    if (!cell.isTouched) this.#touched.push(cell);
    cell.isTouched = true;
  }

  /** What is to be written. */
  changes(): Cell<K, V>[] {
    return this.#touched.filter(({ before, now }) => now !== before);
  }

  /** Notes that this has been written. */
  settle(): void {
    for (const cell of this.#touched) {
      cell.before = cell.now;
      cell.isTouched = false;
    }
    this.#touched = [];
  }
}
