import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the renames in `folder` survive a power failure. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
