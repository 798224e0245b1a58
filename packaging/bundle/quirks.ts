/** What some packages need to work as a part of one file: a plugin for esbuild. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const { resolve } = createRequire(import.meta.filename);

/** In yargs' help they cost a third of `--help`, for tables of Unicode: all of its text is ours, and plain ASCII. */
const PLAIN_TEXT = {
  'string-width': 'export default (text) => text.length;',
  'strip-ansi': 'export default (text) => text;',
};

export const quirks: Plugin = {
  name: 'quirks',
  setup(build) {
    // its CommonJS form: a package of it evaluates text that names variables of its module, which must keep their names
    build.onResolve({ filter: /^lmdb$/ }, () => ({ path: resolve('lmdb') }));
    build.onLoad({ filter: /\/lmdb\/dist\/index\.cjs$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('__filename', `require.resolve('lmdb')`), // its native half is there
    }));
    for (const [name, contents] of Object.entries(PLAIN_TEXT)) {
      build.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: 'plain-text' }));
      build.onLoad({ filter: new RegExp(`^${name}$`), namespace: 'plain-text' }, () => ({ contents }));
    }
  },
};
