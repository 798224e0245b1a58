/**
 * Writes down what V8 compiles of each program, beside it, when it does its usual work once: the daemon that grants a
 * login, and the commands that a person waits for; then the probe of the store. Works in a temporary folder.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { codeFile, Loader, type Programs } from '../../src/bin/load-program.ts';
import { PACKAGE_DIR } from '../../src/package.ts';
import { packedIn } from './pack.ts';

const ADDRESS = '198.51.100.7';
const LOGIN = `mx dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=${ADDRESS}, lip=192.0.2.25, mpid=9, TLS, session=<x>`;
const WAIT_MS = 20_000;

const BIN = path.join(PACKAGE_DIR, 'dist/bin');
const loader = new Loader(BIN, createRequire(path.join(BIN, 'relaypass.cjs')));
const program = loader.require('./program') as Programs['program'];
const readThrough = loader.require('./read-through') as Programs['read-through'];
const folder = mkdtempSync(path.join(os.tmpdir(), 'relaypass-build-'));
try {
  await work(folder);
  await readThrough.probeToExit(path.join(folder, 'store'));
} finally {
  rmSync(folder, { recursive: true });
}
for (const name of packedIn(BIN)) loader.require(`./${name}`);
for (const [file, script] of loader.scripts) writeFileSync(codeFile(file), script.createCachedData());
process.exit();

async function work(dir: string): Promise<void> {
  const config = path.join(dir, 'relaypass.toml');
  const log = path.join(dir, 'mail.log');
  const map = path.join(dir, 'relay-addresses');
  const relaypass = (...args: string[]) => program.main([...args, '--config', config]);
  writeFileSync(config, `state_dir = "${dir}"\n[[source]]\nfile = "${log}"\n[[map]]\nmta = "none"\ntype = "text"\n`);
  writeFileSync(log, '');
  const running = relaypass('run');
  await until(() => existsSync(map));
  appendFileSync(log, `${new Date().toISOString()} ${LOGIN}\n`);
  await until(() => readFileSync(map, 'utf8').includes(ADDRESS));
  process.kill(process.pid, 'SIGTERM');
  await running;
  for (const command of [['list'], ['status'], ['show', ADDRESS], ['--help']]) await relaypass(...command);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the bundle does not do its work');
    await setTimeout(50);
  }
}
