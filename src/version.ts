import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { PACKAGE_DIR } from './package.ts';

/** The version of this relaypass, as its package says. */
export function ownVersion(): string {
  const manifest = path.join(PACKAGE_DIR, 'package.json');
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}
