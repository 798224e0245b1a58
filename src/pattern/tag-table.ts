/** Looks a program's tag up in its bytes, so that the lines of all other programs cost no string each. */
export class TagTable<T> {
  readonly #slots: (Slot<T>[] | undefined)[] = [];

  add(tag: string, value: T): void {
    const bytes = Buffer.from(tag);
    const slots = (this.#slots[hashOf(bytes, 0, bytes.length)] ??= []);
    const slot = slots.find((known) => known.tag.equals(bytes));
    if (slot === undefined) slots.push({ tag: bytes, values: [value] });
    else slot.values.push(value);
  }

  /** What was added for the tag that `bytes` from `start` to `end` are. */
  find(bytes: Buffer, start: number, end: number): readonly T[] | undefined {
    const slots = this.#slots[hashOf(bytes, start, end)];
    return slots?.find(({ tag }) => isAt(tag, bytes, start, end))?.values;
  }
}

interface Slot<T> {
  readonly tag: Buffer;
  readonly values: T[];
}

/** A power of two, large against the few hundred tags that patterns name, so that a foreign tag seldom meets one. */
const SLOTS = 1024;

function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash & (SLOTS - 1);
}

function isAt(tag: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (tag.length !== end - start) return false;
  for (let at = 0; at < tag.length; at++) if (tag[at] !== bytes[start + at]) return false;
  return true;
}
