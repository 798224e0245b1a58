/**
 * What this node has told and is about to hear in the stream itself: it knows that already, and to hear it would cost as
 * much as news.
 *
 * Limits: of two that are alike in all but their time, told at once, the second is heard. So is what was told before the
 * last {@link MAX_MESSAGES}, of which the stream holds no more.
 */
import { MAX_MESSAGES } from './script.ts';

export class Echoes {
  readonly #expected = new Set<string>();

  /** Expects each of `news`, as loginNews of wire.ts makes them, once. */
  expect(news: readonly (readonly string[])[]): void {
    for (const [, , , member = '', , record = ''] of news) this.#expected.add(textOf(member, record));
    for (const oldest of this.#expected) {
      if (this.#expected.size <= MAX_MESSAGES) return;
      this.#expected.delete(oldest);
    }
  }

  /** The server has not passed them on. */
  forget(news: readonly (readonly string[])[]): void {
    for (const [, , , member = '', , record = ''] of news) this.#expected.delete(textOf(member, record));
  }

  /** Whether the message is one; only the first time. */
  take(member: string, value: string): boolean {
    return this.#expected.delete(textOf(member, value.replace(/^\d+ \d+ /, '')));
  }
}

function textOf(member: string, record: string): string {
  return `${member} ${record}`;
}
