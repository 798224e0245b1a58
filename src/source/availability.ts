/** Tells once when a log goes missing or cannot be read, and once when it is back. */
import type { Unavailable } from './body.ts';
import type { Notice } from './source.ts';

/** How long a log may be away before it is worth a word: a rotation takes it away for a moment, or for some seconds. */
const ROTATION_MS = 10_000;

export class Availability {
  readonly #file: string;
  #trouble: { readonly kind: Unavailable; readonly since: number } | undefined;
  #told: Unavailable | undefined;
  #wasThere = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** What is to be told after the log was looked for at `now`. */
  update(trouble: Unavailable | undefined, now: number): Notice | undefined {
    if (trouble === undefined) return this.#back();
    if (this.#trouble?.kind !== trouble) this.#trouble = { kind: trouble, since: now };
    const patienceMs = this.#wasThere ? ROTATION_MS : 0;
    if (this.#told === trouble || now - this.#trouble.since < patienceMs) return undefined;
    this.#told = trouble;
    return trouble === 'missing'
      ? { kind: 'log-missing', detail: `${this.#file} does not exist: waiting for it`, count: undefined }
      : { kind: 'log-unreadable', detail: `no permission to read ${this.#file}: trying again`, count: undefined };
  }

  #back(): Notice | undefined {
    const told = this.#told;
    this.#wasThere = true;
    this.#trouble = undefined;
    this.#told = undefined;
    return told && { kind: 'log-back', detail: `${this.#file} is being read`, count: undefined };
  }
}
