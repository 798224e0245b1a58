import { mkdirSync, writeFileSync } from 'node:fs';
import { run } from './program.ts';

/** Runs `use` while `folder` is a file system of half a megabyte that belongs to relaypass. */
export async function onTinyDisk(folder: string, use: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  run('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=755,uid=relaypass,gid=relaypass', 'tiny', folder]);
  try {
    await use(folder);
  } finally {
    run('umount', ['--lazy', folder]); // a daemon of a failed test may still hold it
  }
}

/** Leaves no room for another byte. */
export function fill(folder: string): void {
  try {
    for (let size = 65_536; ;) writeFileSync(`${folder}/fill`, Buffer.alloc(size), { flag: 'a' });
  } catch {
    // full
  }
}
