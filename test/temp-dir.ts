import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from '@jest/globals';

const made: string[] = [];

/** A fresh temporary folder, gone after the test that asked for it. */
export function tempDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'relaypass-test-'));
  made.push(dir);
  return dir;
}

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});
