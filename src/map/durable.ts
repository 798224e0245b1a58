import { closeSync, fdatasync, fsync, fsyncSync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const syncing = { everything: promisify(fsync), bytes: promisify(fdatasync) };

/**
 * Puts `file` on the disk: all of it, or `bytes` alone, without the time of its change, where everything else of it is
 * there already.
 */
export async function syncFile(file: string, what: keyof typeof syncing = 'everything'): Promise<void> {
  const descriptor = openSync(file, 'r');
  try {
    await syncing[what](descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the renames in `folder` survive a power failure. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
