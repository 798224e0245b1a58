/**
 * The readers of the follow benchmark. Each appends to OUT the numbers of the lines that it was given, `n n n` a line.
 *
 *     follow-reader KIND LOG OUT
 *
 * `relaypass` appends its checkpoint in the same write, as the daemon does in a transaction: it may be killed at any
 * moment, and goes on after the last whole line of OUT. `tail` is npm's, `chokidar` reads on at every event, as the
 * usual recipe does.
 */
import fs from 'node:fs';
import { watch } from 'chokidar';
import { Tail } from 'tail';
import { systemClock } from '../../src/clock.ts';
import { createFileSource } from '../../src/source/file.ts';
import type { Checkpoint } from '../../src/source/source.ts';

const [kind = '', log = '', out = ''] = process.argv.slice(2);
const output = fs.openSync(out, 'a+');

function numbersIn(text: string): string {
  return [...text.matchAll(/n=(\d+)$/gm)].map(([, number]) => number).join(' ');
}

async function relaypass(): Promise<void> {
  const source = createFileSource(log, { clock: systemClock });
  await source.start(lastCheckpoint(), Date.now() - 1_800_000);
  const { signal } = new AbortController();
  fs.writeSync(output, '\n'); // ends what a kill may have cut
  for (;;) {
    const batch = await source.read();
    if (batch === undefined) await source.wait(signal);
    else if (batch.kind === 'lines') {
      fs.writeSync(output, `${numbersIn(batch.bytes.toString('latin1'))}\t${JSON.stringify(batch.checkpoint)}\n`);
    }
  }
}

function lastCheckpoint(): Checkpoint | undefined {
  const lines = fs.readFileSync(output, 'utf8').split('\n').slice(0, -1);
  const last = lines.findLast((line) => line.includes('\t'));
  return last === undefined ? undefined : JSON.parse(last.slice(last.indexOf('\t') + 1));
}

function npmTail(): void {
  const tail = new Tail(log, { follow: true, useWatchFile: false });
  tail.on('line', (line: string) => fs.writeSync(output, `${numbersIn(line)}\n`));
  tail.on('error', () => undefined); // it goes on, or does not: that is what is measured
}

function chokidar(): void {
  let inode = fs.statSync(log).ino;
  let offset = 0;
  let rest = '';
  watch(log).on('all', () => {
    const stats = fs.statSync(log, { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (stats.ino !== inode || stats.size < offset) offset = 0;
    inode = stats.ino;
    const text = rest + fs.readFileSync(log).subarray(offset).toString('latin1');
    offset = stats.size;
    rest = text.slice(text.lastIndexOf('\n') + 1);
    fs.writeSync(output, `${numbersIn(text.slice(0, text.length - rest.length))}\n`);
  });
}

if (kind === 'relaypass') await relaypass();
else if (kind === 'tail') npmTail();
else chokidar();
