import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadPattern } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import type { Match } from '../../src/pattern/match.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import type { Pattern } from '../../src/pattern/pattern.ts';
import type { Batch } from '../../src/source/source.ts';

/** The captured lines; the compiled tests lie three folders below the package. */
export const SAMPLES_DIR = path.resolve(import.meta.dirname, '../../../test/samples');

/** Every shipped pattern, those that are off by default too. */
export function loadShipped(): Pattern[] {
  const files = readdirSync(SHIPPED_PATTERNS).filter((file) => file.endsWith('.toml'));
  return files.map((file) => loadPattern(path.join(SHIPPED_PATTERNS, file)));
}

export function linesBatch(...lines: string[]): Batch {
  return { kind: 'lines', bytes: Buffer.from(lines.map((line) => `${line}\n`).join('')), checkpoint: {}, notices: [] };
}

/** What a fresh matcher finds in `lines`. */
export function matchLines(patterns: readonly Pattern[], lines: readonly string[], now: number): Match[] {
  return new Matcher(patterns, 'test').match(linesBatch(...lines), now);
}
