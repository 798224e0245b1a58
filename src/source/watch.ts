/**
 * Wakes a reader early when files change. The only file that imports chokidar.
 *
 * A watch is only a hint: inotify runs out, drops events without an error when its queue is full, and knows nothing of
 * what other hosts do on a network file system. Whoever uses it must poll as well.
 *
 * Quirks of chokidar 5 hidden here: with `atomic` on it makes one `change` of a file that was renamed and created anew;
 * it mutes a path for 50 ms after an event, so that the second of two writes raises none: hence the second call.
 */
import path from 'node:path';
import { watch } from 'chokidar';

const AGAIN_MS = 60; // longer than chokidar mutes a path

export interface Watch {
  close(): Promise<void>;
}

/** Calls `onChange` when an entry of `folder` whose name is ours may have changed, and never where watching fails. */
export function watchFolder(folder: string, isOurs: (name: string) => boolean, onChange: () => void): Watch {
  let again: NodeJS.Timeout | undefined;
  const watcher = watch(folder, {
    depth: 0,
    atomic: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (file) => file !== folder && !isOurs(path.basename(file)),
  });
  watcher.on('all', () => {
    onChange();
    again ??= setTimeout(() => {
      again = undefined;
      onChange();
    }, AGAIN_MS);
  });
  watcher.on('error', () => void watcher.close()); // inotify has run out: polling does
  return {
    close: () => {
      clearTimeout(again);
      return watcher.close();
    },
  };
}
