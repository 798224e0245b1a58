/**
 * Wakes a reader early when files change. The only file that imports chokidar.
 *
 * A watch is only a hint: inotify runs out, drops events without an error when its queue is full, and knows nothing of
 * what other hosts do on a network file system. Whoever uses it must poll as well.
 *
 * Quirks of chokidar 5 hidden here: at each write to any file of a folder it reads the folder and looks at every file in
 * it, before it tells even its raw event, and then mutes the file for 50 ms. So it is kept from looking, and its raw
 * events are used, which come at once and for each write. What it then does not see is where symbolic links lead: the
 * folders that they lead to are watched as well.
 *
 * Limits: a link to a link wakes nobody when the second one is switched.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { FSWatcher } from 'chokidar';
import { namesIn } from './siblings.ts';

const PAUSE_MS = 10; // a log that is written to without end is read so often, and not for each line

export interface Watch {
  close(): Promise<void>;
}

/**
 * Calls `onChange` when an entry of `folder` whose name is ours may have changed, and never where watching fails; once
 * when watching has begun as well, since nobody was told of what changed before.
 */
export function watchFolder(folder: string, isOurs: (name: string) => boolean, onChange: () => void): Watch {
  const home = path.normalize(folder); // as chokidar has it
  const changes = new Pacer(onChange);
  const watcher = new RawWatcher({ ignorePermissionErrors: true });
  const watched = new Set<string>();
  let linked: ReadonlySet<string> = new Set();
  const watchFolders = (): void => {
    linked = linkedFrom(home, isOurs);
    const folders = new Set([home, ...Array.from(linked, (file) => path.dirname(file))]);
    watcher.add([...folders].filter((each) => !watched.has(each)));
    folders.forEach((each) => watched.add(each));
  };
  watchFolders();
  watcher.once('ready', () => changes.tell());
  watcher.on('raw', (event, name, details) => {
    const at = folderOf(details);
    if (typeof name !== 'string' || at === undefined) return changes.tell(); // it names nothing: it may be ours
    const isHere = at === home && isOurs(name);
    if (isHere && event === 'rename') watchFolders(); // it may be a link now, or another one
    if (isHere || (linked.size > 0 && linked.has(path.join(at, name)))) changes.tell();
  });
  watcher.on('error', () => void watcher.close()); // inotify has run out: polling does
  return {
    close: () => {
      changes.stop();
      return watcher.close();
    },
  };
}

/** Gives nothing but raw events: all that chokidar would do at one itself counts as done too lately. */
class RawWatcher extends FSWatcher {
  override _throttle(): false {
    return false;
  }
}

/** The folder that a raw event is of, by its details. */
function folderOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return undefined;
  return String(details.watchedPath);
}

/** The files under other names that our names in `folder` lead to. */
function linkedFrom(folder: string, isOurs: (name: string) => boolean): ReadonlySet<string> {
  const here = leadsTo(folder);
  const files = namesIn(folder).flatMap((name) => {
    const file = isOurs(name) ? leadsTo(path.join(folder, name)) : undefined;
    if (file === undefined || here === undefined) return [];
    return path.dirname(file) === here ? path.join(folder, path.basename(file)) : file;
  });
  return new Set(files.filter((file) => path.dirname(file) !== folder || !isOurs(path.basename(file))));
}

/** Undefined where that cannot be told: polling needs no watch. */
function leadsTo(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

/** Passes the first call on at once, and of those that follow within a pause one when it is over. */
class Pacer {
  readonly #call: () => void;
  #passedAt = -Infinity;
  #rest: NodeJS.Timeout | undefined;

  constructor(call: () => void) {
    this.#call = call;
  }

  tell(): void {
    if (this.#rest !== undefined) return;
    const leftMs = this.#passedAt + PAUSE_MS - performance.now();
    if (leftMs <= 0) this.#pass();
    else this.#rest = setTimeout(() => this.#pass(), leftMs);
  }

  #pass(): void {
    this.#rest = undefined;
    this.#passedAt = performance.now();
    this.#call();
  }

  stop(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
  }
}
