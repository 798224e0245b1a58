/** Stack traces of the bundle, which is what ships, with the places in the sources in them. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { PACKAGE_DIR } from './package.ts';

const BIN = path.join(PACKAGE_DIR, 'dist/bin');

/** `stack` where each place in the bundle is one in a file below the package, as far as the map beside it tells. */
export function withSources(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replaceAll(PLACE, (place, file: string, line: string, column: string) => {
    if (!maps.has(file)) maps.set(file, mapOf(file));
    const entry = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return place;
    const source = path.relative(PACKAGE_DIR, path.resolve(BIN, entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

const PLACE = /(?<=[ (])([\w-]+\.cjs):(\d+):(\d+)/g; // without a folder: see bin/load-program.ts

function mapOf(file: string): SourceMap | undefined {
  const map = path.join(BIN, `${file}.map`);
  if (!existsSync(map)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by the build, and to tell of a bug only
  return new SourceMap(JSON.parse(readFileSync(map, 'utf8')) as SourceMapPayload);
}
