import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { codeFile } from '../../src/bin/load-program.ts';
import { packedIn } from '../../packaging/bundle/pack.ts';
import { PACKAGE_DIR } from '../../src/package.ts';
import { TestHost } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

const BIN = path.join(PACKAGE_DIR, 'dist/bin');
const PROGRAMS = packedIn(BIN);
let installed: string;

/** What `npm pack` makes, unpacked, with lmdb as the only package beside it. */
beforeAll(() => {
  const dir = tempDir();
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', dir], {
    cwd: PACKAGE_DIR,
    encoding: 'utf8',
  });
  expect(packed).toMatchObject({ status: 0 });
  expect(spawnSync('tar', ['-xzf', path.join(dir, packed.stdout.trim()), '-C', dir])).toMatchObject({ status: 0 });
  installed = path.join(dir, 'package');
  mkdirSync(path.join(installed, 'node_modules'));
  for (const name of ['lmdb', '@lmdb']) {
    symlinkSync(path.join(PACKAGE_DIR, 'node_modules', name), path.join(installed, 'node_modules', name));
  }
});

test('the packed program runs from any folder, also without compiled code, and writes nothing', () => {
  const before = filesIn(installed);
  for (const args of [['--help'], ['--version'], ['match', '--help']]) {
    expect(run(...args)).toMatchObject({ status: 0, stderr: '' });
  }
  expect(run('--version').stdout).toBe(`${versionOf(PACKAGE_DIR)}\n`);
  expect(filesIn(installed)).toEqual(before);
  const host = new TestHost();
  const list = () => run('list', '--config', host.configFile);
  const told = list();
  expect(told).toMatchObject({ status: 0, stdout: 'no address may relay now\n' });
  for (const name of PROGRAMS) rmSync(codeFile(path.join(installed, `dist/bin/${name}.cjs`)));
  expect(list()).toEqual(told);
});

test.each(PROGRAMS)('V8 takes the compiled code of %s', (name) => {
  for (const { isRejected } of filesReadFor(name)) expect(isRejected).toBe(false);
});

test.each([
  ['--help', 'program', ['yargs'], ['zod', 'lmdb', 're2js', 'src/store']],
  ['list', 'list', ['zod', 'lmdb'], ['re2js', 'ioredis', 'prom-client', 'chokidar', 'src/pattern', 'src/source']],
  ['the probe of a store', 'read-through', ['lmdb'], ['yargs', 'zod', 're2js', 'msgpackr', 'src/commands']],
  ['a daemon without a cluster', 'run', ['re2js', 'src/source'], ['ioredis', 'prom-client', 'src/setup']],
])('%s reads no code that it has no use for', (_, name, used, unused) => {
  const texts = filesReadFor(name).map(({ file }) => readFileSync(file, 'utf8'));
  const sources = texts.flatMap((text) => text.match(/^ *\/\/ .*\.[cm]?[jt]s$/gm) ?? []).join('\n'); // as esbuild names them
  for (const each of used) expect(sources).toContain(`${each}/`);
  for (const each of unused) expect(sources).not.toContain(`${each}/`);
});

test('list loads of Node no module that it has no use for', () => {
  const hook = path.join(tempDir(), 'hook.cjs');
  writeFileSync(hook, `process.on('exit', () => require('fs').writeSync(2, process.moduleLoadList.join('\\n')));`);
  const args = ['--require', hook, path.join(installed, 'dist/bin/relaypass.cjs'), 'list'];
  const { stderr } = spawnSync(process.execPath, [...args, '--config', new TestHost().configFile], {
    encoding: 'utf8',
  });
  expect(stderr).toContain('NativeModule zlib');
  expect(stderr).not.toMatch(/^NativeModule (assert|child_process|crypto|dgram|http|net|tty|worker_threads)$/m);
});

test('zod leaves behind what is not used, which only `import * as z` allows', () => {
  const text = PROGRAMS.map((name) => readFileSync(path.join(BIN, `${name}.cjs`), 'utf8')).join('');
  expect(text).toContain('zod/v4/locales/en.js');
  expect(text).not.toContain('zod/v4/locales/de.js');
});

test('the licenses of what the bundle holds go with it', () => {
  const licenses = readFileSync(path.join(installed, 'dist/bin/LICENSES'), 'utf8');
  for (const name of ['yargs', 'zod', 'chokidar', 'ioredis', 're2js', 'lmdb']) {
    expect(licenses).toMatch(new RegExp(`^${name} \\d`, 'm'));
  }
});

test('the store opens also where the native half of lmdb is elsewhere than usual', () => {
  rmSync(path.join(installed, 'node_modules/@lmdb')); // lmdb's own search begins at its own folder, which is a link
  expect(run('list', '--config', new TestHost().configFile)).toMatchObject({ status: 0, stderr: '' });
});

interface FileRead {
  readonly file: string;
  readonly isRejected: boolean;
}

/** The files of the bundle that are read for the entry point `name`, and whether V8 took what it once compiled of them. */
function filesReadFor(name: string): FileRead[] {
  const script = `
    const { createRequire } = await import('node:module');
    const { Loader } = await import(${JSON.stringify(path.join(PACKAGE_DIR, 'dist/src/bin/load-program.js'))});
    const loader = new Loader(${JSON.stringify(BIN)}, createRequire(${JSON.stringify(path.join(BIN, 'relaypass.cjs'))}));
    loader.require('./${name}');
    const files = Array.from(loader.scripts, ([file, script]) => ({ file, isRejected: script.cachedDataRejected }));
    console.log(JSON.stringify(files));`;
  const args = ['--input-type=module', '--eval', script]; // in a process whose flags no other test has changed
  return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout) as FileRead[];
}

interface Manifest {
  readonly version: string;
}

function versionOf(dir: string): string {
  const { version } = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as Manifest;
  return version;
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const program = path.join(installed, 'dist/bin/relaypass.cjs');
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' });
  return { status, stdout, stderr };
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted();
}
