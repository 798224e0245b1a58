import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { codeFile } from '../../src/bin/load-program.ts';
import { PACKAGE_DIR } from '../../src/package.ts';
import { TestHost } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

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
  rmSync(codeFile(path.join(installed, 'dist/bin/program.cjs')));
  expect(list()).toEqual(told);
});

test.each(['program', 'read-through'])('V8 takes the compiled code of %s', (name) => {
  const script = `
    const { codeFile, compile } = await import(${JSON.stringify(path.join(PACKAGE_DIR, 'dist/src/bin/load-program.js'))});
    const { readFileSync } = await import('node:fs');
    const file = ${JSON.stringify(path.join(PACKAGE_DIR, `dist/bin/${name}.cjs`))};
    console.log(compile(file, readFileSync(codeFile(file))).cachedDataRejected);`;
  const args = ['--input-type=module', '--eval', script]; // in a process whose flags no other test has changed
  expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout).toBe('false\n');
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
  const program = readFileSync(path.join(PACKAGE_DIR, 'dist/bin/program.cjs'), 'utf8');
  expect(program).toContain('zod/v4/locales/en.js');
  expect(program).not.toContain('zod/v4/locales/de.js');
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
