import { expect, test } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { folderOf, LOGIN_REGEX, patternText } from '../pattern/temporary.ts';
import { SAMPLES_DIR } from '../pattern/shipped.ts';
import { until } from '../relaypass-process.ts';

const CLI = path.resolve(import.meta.dirname, '../../bin/relaypass.cjs');
const LOGIN = '2026-11-23T17:00:00Z mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.1';
const OTHER = '2026-11-23T17:00:00Z mx sm-mta[9]: x';

function match(args: string[], input = ''): { lines: string[]; status: number | null; stderr: string } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [CLI, 'match', ...args], { input, encoding: 'utf8' });
  return { lines: stdout.trimEnd().split('\n'), status, stderr };
}

function kinds(lines: readonly string[]): string[] {
  return lines.map((line) => String(JSON.parse(line).kind));
}

test('reads a file, one that is gzipped, and standard input; a last line may lack its end', () => {
  const dir = folderOf({ 'mail.log': `${OTHER}\n${LOGIN}` });
  writeFileSync(path.join(dir, 'mail.log.1.gz'), gzipSync(`${OTHER}\n${LOGIN}\n`));
  for (const file of ['mail.log', 'mail.log.1.gz']) {
    const { lines, status } = match(['--json', path.join(dir, file)]);
    expect([kinds(lines), status]).toEqual([['login', 'summary'], 0]);
  }
  for (const args of [['--json', '-'], ['--json']]) {
    expect(kinds(match(args, `${OTHER}\n${LOGIN}\n`).lines)).toEqual(['login', 'summary']);
  }
});

test('--missed tells of every line', () => {
  expect(kinds(match(['--jsonl', '--missed'], `${OTHER}\n${LOGIN}\n`).lines)).toEqual(['missed', 'login', 'summary']);
});

test('--failures tells of failed logins, whatever patterns are in use', () => {
  const dir = folderOf({ 'relaypass.toml': '[patterns]\nuse = ["courier"]\n' });
  const failed = LOGIN.replace('Login:', 'Disconnected (auth failed, 1 attempts in 2 secs):');
  const args = ['--json', '--failures', '--config', path.join(dir, 'relaypass.toml')];
  expect(kinds(match(args, `${LOGIN}\n${failed}\n`).lines)).toEqual(['failed', 'summary']);
});

test('--expect fails with 65 where another number of logins is found', () => {
  expect(match(['--expect', '1'], `${LOGIN}\n`).status).toBe(0);
  expect(match(['--expect', '2'], `${LOGIN}\n`).status).toBe(65);
});

test('--pattern tries a pattern in progress, without samples', () => {
  const dir = folderOf({ 'test.toml': patternText('test', LOGIN_REGEX) });
  const { lines } = match(
    ['--pattern', path.join(dir, 'test.toml')],
    `2026-11-23T17:00:00Z mx testd[9]: ok bob from 198.51.100.1\n${LOGIN}\n`,
  );
  expect(lines[0]).toBe('login    test  198.51.100.1  bob  pop3  2026-11-23T17:00:00.000Z');
  expect(lines[1]).toMatch(/^2 lines: 1 logins/);
});

test('--pattern names file, line, column and reason of a bad regex, exit 78', () => {
  const dir = folderOf({ 'test.toml': patternText('test', LOGIN_REGEX.replace('[^<> ]+', '.+')) });
  const { status, stderr } = match(['--pattern', path.join(dir, 'test.toml')]);
  expect(status).toBe(78);
  expect(stderr).toMatch(/test\.toml:9: login\.regex: column 25: a repeat before the address/);
});

test('a file that is not there is an error with its name, exit 74', () => {
  const { status, stderr } = match(['/nonexistent/mail.log']);
  expect(status).toBe(74);
  expect(stderr).toMatch(/\/nonexistent\/mail\.log: cannot be read: ENOENT/);
});

test('what cannot be meant is a usage error, exit 64', () => {
  expect(match(['--follow']).status).toBe(64);
  expect(match(['--journal', 'x']).status).toBe(64);
});

test('--journal reads the journal, and believes no line of an ordinary user', () => {
  const dir = folderOf({ journalctl: `#!/bin/sh\ncat '${path.join(SAMPLES_DIR, 'dovecot.journal-json.jsonl')}'\n` });
  chmodSync(path.join(dir, 'journalctl'), 0o755);
  const env = { ...process.env, PATH: `${dir}:${process.env['PATH'] ?? ''}` };
  const args = [CLI, 'match', '--journal', '--json', '--missed'];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  const told = stdout.split('\n').filter(Boolean);
  expect(told.filter((line) => line.includes('203.0.113.77","user":"bob"'))).toHaveLength(1);
  expect(told.filter((line) => line.includes('"why":"untrusted"'))).toHaveLength(1);
  expect(kinds(told).at(-1)).toBe('summary');
});

test('--follow starts with the last lines, goes on with the coming ones, and sums up at the end', async () => {
  const file = logFile(`${LOGIN}\n${OTHER}\n${LOGIN.replace('alice', 'bob')}\n`);
  const following = new Following('--missed', '--lines', '2', file);
  await following.untilTold('"bob"');
  appendFileSync(file, `${LOGIN.replace('alice', 'carol')}\n`);
  await following.untilTold('"carol"');
  expect(kinds(await following.end())).toEqual(['missed', 'login', 'login', 'summary']);
});

test('--follow starts with as many lines as asked, whatever bytes a client has put into them', async () => {
  const raw = Buffer.concat([Buffer.from(`${OTHER} `), Buffer.alloc(200, 0xff), Buffer.from('\n')]);
  const lines = [...Array.from({ length: 20 }, () => raw), Buffer.from(`${LOGIN.replace('alice', 'jürgen')}\n`)];
  const following = new Following('--missed', '--lines', '10', logFile(Buffer.concat(lines)));
  await following.untilTold('"jürgen"');
  expect(kinds(await following.end())).toEqual([...Array.from({ length: 9 }, () => 'missed'), 'login', 'summary']);
});

test('--follow goes on with all of the new file when the log is rotated', async () => {
  const file = logFile(`${LOGIN}\n${OTHER}\n${OTHER}\n`);
  const following = new Following(file);
  await following.untilTold('"alice"');
  renameSync(file, `${file}.1`);
  writeFileSync(file, `${LOGIN.replace('alice', 'bob')}\n`);
  await following.untilTold('"bob"');
  appendFileSync(file, `${LOGIN.replace('alice', 'carol')}\n`);
  await following.untilTold('"carol"');
  expect(kinds(await following.end())).toEqual(['login', 'login', 'login', 'summary']);
});

function logFile(content: string | Buffer): string {
  const file = path.join(folderOf({}), 'mail.log');
  writeFileSync(file, content);
  return file;
}

/** A running `match --json --follow`. */
class Following {
  readonly #child: ChildProcess;
  #output = '';

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, [CLI, 'match', '--json', '--follow', ...args]);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  untilTold(text: string): Promise<void> {
    return until(() => this.#output.includes(text), `${text}, after ${this.#output}`);
  }

  /** The lines that it has printed. */
  async end(): Promise<string[]> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
    return this.#output.trimEnd().split('\n');
  }
}
