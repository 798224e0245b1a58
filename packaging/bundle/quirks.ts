/** What some packages need to work as a part of one file, and to start quickly there: a plugin for esbuild. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { ownVersion } from '../../src/version.ts';

const require = createRequire(import.meta.filename);

/** In yargs' help they cost a third of `--help`, for tables of Unicode: all of its text is ours, and plain ASCII. */
const PLAIN_TEXT = {
  'string-width': 'export default (text) => text.length;',
  'strip-ansi': 'export default (text) => text;',
};

/** What yargs asserts is how cli.ts uses it. Node's own assert needs much of Node to tell of what failed. */
const PLAIN_ASSERT = `
const check = (holds, message) => { if (!holds) throw new Error(message); };
const strictEqual = (actual, expected, message) => check(Object.is(actual, expected), message);
const notStrictEqual = (actual, expected, message) => check(!Object.is(actual, expected), message);
`;

/** Modules of Node's that a short command has no use for, and that take longer to load than to list a hundred entries. */
const WHEN_USED = ['child_process', 'crypto', 'dgram', 'http', 'module', 'net', 'worker_threads'];

/**
 * How lmdb finds its native half: where it is on most hosts, and only then by its own search through packages, which
 * takes longer than to open a store.
 */
const NATIVE_LMDB = `
const { existsSync } = require('node:fs');
const path = require('node:path');
module.exports = () => (existsSync('/etc/alpine-release') ? search() : usual() ?? search());
function usual() {
  try {
    return require('@lmdb/lmdb-' + process.platform + '-' + process.arch + '/node.abi' + process.versions.modules + '.glibc.node');
  } catch {
    return undefined; // the search tells why
  }
}
const search = () => require('./node-gyp-build.js')(path.join(require.resolve('lmdb'), '../..'));
`;

export const quirks: Plugin = {
  name: 'quirks',
  setup(build) {
    const edit = (filter: RegExp, change: (text: string) => string) =>
      build.onLoad({ filter }, ({ path: file }) => ({ contents: changed(file, change) }));
    // its CommonJS form: a package of it evaluates text that names variables of its module, which must keep their names
    build.onResolve({ filter: /^lmdb$/ }, () => ({ path: require.resolve('lmdb') }));
    edit(/\/lmdb\/dist\/index\.cjs$/, (text) =>
      text
        .replace(/\(typeof document === 'undefined' \? .*?\.baseURI\)\.href\)\)/g, "'file:///'") // it is nowhere now
        .replace("node_module.createRequire('file:///')", 'require'),
    );
    edit(/\/node-gyp-build-optional-packages\/index\.js$/, () => NATIVE_LMDB);
    // lmdb's own form of values, of which there are none here
    build.onResolve({ filter: /^msgpackr$/ }, () => ({ path: 'msgpackr', namespace: 'left-out' }));
    build.onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
    // zod tries whether text can be made a function here, before it is told not to
    edit(/\/zod\/v4\/core\/util\.js$/, (text) => text.replace('new F("");', ''));
    // yargs looks for the version before it is told, in the package.json above its own file
    edit(/\/yargs\/build\/lib\/yargs-factory\.js$/, (text) =>
      text.replace('const obj = this[kPkgUp]();', `const obj = ${JSON.stringify({ version: ownVersion() })};`),
    );
    // yargs makes the help of each command that it runs, for a question that nobody asks
    edit(/\/yargs\/build\/lib\/usage\.js$/, (text) => text.replace('cachedHelpMessage = this.help();', ''));
    edit(
      /\/yargs\/lib\/platform-shims\/esm\.mjs$/,
      (text) =>
        text
          .replace(/stdColumns: .*/, 'stdColumns: null') // to look at it makes the stream, and cli.ts tells the width
          .replace(/import .* from 'assert'/, PLAIN_ASSERT)
          .replace(/import \{ createRequire \}.*/, '')
          .replace('createRequire(import.meta.url)', 'undefined') // for files of options
          .replace('const __dirname = fileURLToPath(import.meta.url);', '') // as in the bundle's other modules
          .replace("resolve(__dirname, '../../../locales')", '__dirname'), // other languages' words are left out
    );
    edit(/\/yargs-parser\/build\/lib\/index\.js$/, (text) =>
      text.replace('createRequire ? createRequire(import.meta.url) : undefined', 'undefined'),
    );
    for (const name of WHEN_USED) {
      build.onResolve({ filter: new RegExp(`^(node:)?${name}$`) }, ({ namespace }) =>
        namespace === 'when-used' ? { path: name, external: true } : { path: name, namespace: 'when-used' },
      );
      const contents = whenUsed(name);
      build.onLoad({ filter: new RegExp(`^${name}$`), namespace: 'when-used' }, () => ({ contents }));
    }
    for (const [name, contents] of Object.entries(PLAIN_TEXT)) {
      build.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: 'plain-text' }));
      build.onLoad({ filter: new RegExp(`^${name}$`), namespace: 'plain-text' }, () => ({ contents }));
    }
  },
};

/** All that the module of Node's exports; a look at something of it loads it. */
function whenUsed(name: string): string {
  const getters = Object.keys(require(name) as object).map((each) => `get ${each}() { return loaded().${each}; }`);
  return `
let module_;
const loaded = () => (module_ ??= require('${name}')); // to require it again takes longer than most calls
module.exports = { ${getters.join(', ')} };
`;
}

function changed(file: string, change: (text: string) => string): string {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path.basename(file)} is not the file that quirks.ts knows`);
  return after;
}
