/**
 * Wakes a reader early when files change. The only file that imports chokidar.
 *
 * A watch is only a hint: inotify runs out, drops events without an error when its queue is full, and knows nothing of
 * what other hosts do on a network file system. Whoever uses it must poll as well.
 *
 * Quirks of chokidar 5 hidden here: before it tells of a change it reads the folder and looks at every file in it, and
 * then mutes the file for 50 ms. So its raw events are used, which come at once and for each write.
 */
import path from 'node:path';
import { watch } from 'chokidar';

const PAUSE_MS = 10; // a log that is written to without end is read so often, and not for each line

export interface Watch {
  close(): Promise<void>;
}

/** Calls `onChange` when an entry of `folder` whose name is ours may have changed, and never where watching fails. */
export function watchFolder(folder: string, isOurs: (name: string) => boolean, onChange: () => void): Watch {
  const changes = new Pacer(onChange);
  const watcher = watch(folder, {
    depth: 0,
    atomic: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (file) => file !== folder && !isOurs(path.basename(file)),
  });
  watcher.on('raw', (_event, file) => {
    if (typeof file !== 'string' || isOurs(path.basename(file))) changes.tell(); // where it names none it may be ours
  });
  watcher.on('error', () => void watcher.close()); // inotify has run out: polling does
  return {
    close: () => {
      changes.stop();
      return watcher.close();
    },
  };
}

/** Passes the first call on at once, and of those that follow within a pause one when it is over. */
class Pacer {
  readonly #call: () => void;
  #pause: NodeJS.Timeout | undefined;
  #isMissed = false;

  constructor(call: () => void) {
    this.#call = call;
  }

  tell(): void {
    if (this.#pause !== undefined) {
      this.#isMissed = true;
      return;
    }
    this.#isMissed = false;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#isMissed) this.tell();
    }, PAUSE_MS);
    this.#call();
  }

  stop(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#isMissed = false;
  }
}
