/** Stack traces of the bundle, which is what ships, with the places in the sources in them. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { PACKAGE_DIR } from './package.ts';

const BUNDLE = path.join(PACKAGE_DIR, 'dist/bin/program.cjs');

/** `stack` where each place in the bundle is one in a file below the package, as far as the map beside it tells. */
export function withSources(stack: string): string {
  const file = `${BUNDLE}.map`;
  if (stack.search(PLACE) < 0 || !existsSync(file)) return stack;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by the build, and to tell of a bug only
  const map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload);
  return stack.replaceAll(PLACE, (place, line: string, column: string) => {
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in entry)) return place;
    const source = path.relative(PACKAGE_DIR, path.resolve(path.dirname(BUNDLE), entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

const PLACE = /\bprogram\.cjs:(\d+):(\d+)/g; // see bin/load-program.ts
