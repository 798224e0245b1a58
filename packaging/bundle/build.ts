/**
 * The second half of `npm run build`: dist/bin, which is what ships. Each entry point has a file, with all that it needs of
 * the program and the packages and no other file has (pack.ts), and beside it lies what V8 compiled of it;
 * docs/decisions/bundle.md has the reasons.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { PACKAGE_DIR } from '../../src/package.ts';
import { prepareShippedPattern } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { PREPARED_FILE } from '../../src/pattern/prepared.ts';
import { licensesOf } from './licenses.ts';
import { pack } from './pack.ts';
import { quirks } from './quirks.ts';

const BIN = path.join(PACKAGE_DIR, 'dist/bin');

const COMMON = {
  absWorkingDir: PACKAGE_DIR,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  outdir: BIN,
  logLevel: 'warning',
} satisfies BuildOptions;

const PROGRAMS = ['src/store/read-through.ts', 'src/program.ts'];
/** What is read most often, and so lies in files with little else. */
const FIRST = [...PROGRAMS, 'src/commands/list.ts', 'src/commands/run.ts'];

rmSync(BIN, { recursive: true, force: true });
const split = await build({
  ...COMMON,
  format: 'esm',
  splitting: true,
  entryNames: '[name]',
  write: false,
  entryPoints: PROGRAMS,
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.resolve': 'undefined', // yargs' files of options, of which there are none
  },
  logOverride: { 'require-resolve-not-external': 'silent' },
  plugins: [quirks],
  sourcemap: 'external',
  sourcesContent: false,
  metafile: true,
});
await build({
  ...COMMON,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  entryPoints: ['src/bin/relaypass.ts', 'src/bin/probe-store.ts', 'src/bin/write-cdb.ts'],
  define: { 'import.meta.dirname': '__dirname' },
});
for (const { name, text, map } of pack(split, PROGRAMS, FIRST)) {
  writeFileSync(path.join(BIN, `${name}.cjs`), text);
  writeFileSync(path.join(BIN, `${name}.cjs.map`), JSON.stringify(map));
}
chmodSync(path.join(BIN, 'relaypass.cjs'), 0o755);
writeFileSync(PREPARED_FILE, JSON.stringify(shippedFiles().map(prepareShippedPattern)));
writeFileSync(path.join(BIN, 'LICENSES'), licensesOf(Object.keys(split.metafile.inputs)));
execFileSync(process.execPath, [path.join(import.meta.dirname, 'warm-up-process.js')], {
  stdio: ['ignore', 'ignore', 'pipe'],
});

function shippedFiles(): string[] {
  const names = readdirSync(SHIPPED_PATTERNS).filter((name) => name.endsWith('.toml'));
  return names.map((name) => path.join(SHIPPED_PATTERNS, name));
}
