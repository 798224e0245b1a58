/**
 * A terminal taken over for a while: its other screen, no cursor, keys as they are pressed (ECMA-48, and xterm's private
 * modes 1049 and 25). {@link Screen.stop} gives all of it back.
 */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

export interface ScreenListener {
  pressed(key: string): void;
  resized(): void;
}

export class Screen {
  readonly #listener: ScreenListener;
  #isStarted = false;

  constructor(listener: ScreenListener) {
    this.#listener = listener;
  }

  start(): void {
    this.#isStarted = true;
    process.stdout.write(ENTER);
    process.stdout.on('resize', this.#resized);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true).setEncoding('utf8').on('data', this.#pressed).resume();
  }

  /** Lines beyond the last row must not come: the screen would scroll. */
  draw(lines: readonly string[]): void {
    process.stdout.write(HOME + lines.map((line) => line + ERASE_LINE).join('\r\n') + ERASE_BELOW);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = process.stdout;
    return { columns, rows };
  }

  /** Idempotent. */
  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    process.stdout.off('resize', this.#resized);
    if (process.stdin.isTTY) process.stdin.off('data', this.#pressed).setRawMode(false).pause();
    process.stdout.write(LEAVE);
  }

  readonly #pressed = (keys: string): void => {
    for (const key of keys) this.#listener.pressed(key);
  };

  readonly #resized = (): void => this.#listener.resized();
}
