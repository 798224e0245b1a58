import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';

const made: string[] = [];

/** A fresh temporary folder, gone after the last test of the file, when what it held has ended. */
export function tempDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'relaypass-test-'));
  made.push(dir);
  return dir;
}

afterAll(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});
