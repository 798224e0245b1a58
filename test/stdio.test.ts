/** What becomes of what a command prints, where standard output is not simply a file or a pipe that waits. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { CLI, TestHost } from './relaypass-process.ts';

const ENTRIES = 3000; // a listing of which no pipe holds at once
const WITHOUT_WAITING = `perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_NONBLOCK | O_WRONLY); exec @ARGV'`;

test('prints all to a pipe that does not wait and is full', () => {
  const { stdout, status } = listThrough(`${WITHOUT_WAITING} LIST | cat`);
  expect(stdout.match(/198\.51\./g)).toHaveLength(ENTRIES);
  expect(status).toBe(0);
});

test('ends in silence with status 0 when nobody reads on', () => {
  const { stdout, stderr, status } = listThrough('LIST | head -c 10');
  expect(stdout).toHaveLength(10);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('says what cannot be written, with exit 74', () => {
  const { stderr, status } = listThrough('LIST > /dev/full | cat');
  expect(stderr).toMatch(/^relaypass: standard output: cannot be written: ENOSPC.*\n$/);
  expect(status).toBe(74);
});

/** Runs a line of the shell, in which LIST lists a full store; the status is that of its first command. */
function listThrough(line: string) {
  const host = new TestHost();
  const file = path.join(host.dir, 'old-list');
  writeFileSync(file, Array.from({ length: ENTRIES }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 255} ok\n`).join(''));
  host.run('import', file);
  const list = `'${process.execPath}' '${CLI}' list --config '${host.configFile}'`;
  return spawnSync('bash', ['-c', `${line.replace('LIST', list)}; exit \${PIPESTATUS[0]}`], { encoding: 'utf8' });
}
