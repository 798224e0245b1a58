import { untilBeat } from '../beat.ts';

const IDLE_MS = 10_000; // a reader that slept on in a quiet log could not be told from one that hangs

/** Lets a reader sleep until there may be something to read; a call to wake it while it is awake is not lost. */
export class Waker {
  #isWanted = false;
  #wakeSleeper: (() => void) | undefined;

  wake(): void {
    this.#isWanted = true;
    this.#wakeSleeper?.();
  }

  /** Resolves once woken, when `signal` aborts, or at the next beat of `timeoutMs`. */
  async wait(signal: AbortSignal, timeoutMs = IDLE_MS): Promise<void> {
    if (!this.#isWanted && !signal.aborted) await this.#sleep(signal, timeoutMs);
    this.#isWanted = false;
  }

  #sleep(signal: AbortSignal, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(wakeUp, untilBeat(timeoutMs));
      this.#wakeSleeper = wakeUp;
      signal.addEventListener('abort', wakeUp, { once: true });
      function wakeUp(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', wakeUp);
        resolve();
      }
    });
  }
}
