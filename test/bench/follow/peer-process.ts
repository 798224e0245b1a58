/**
 * Others that follow a log, for comparison: npm's tail, and chokidar as the usual recipe has it, which reads on at every
 * event. Prints `ready`, and the users that log in.
 *
 *     peer-process tail|chokidar LOG
 */
import fs from 'node:fs';
import { watch } from 'chokidar';
import { Tail } from 'tail';

const [kind = '', log = ''] = process.argv.slice(2);
if (kind === 'tail') npmTail();
else chokidar();

function print(text: string): void {
  const logins = text.match(/: Login: user=<u\d+>/g);
  if (logins !== null) fs.writeSync(1, `${logins.join('\n')}\n`);
}

function ready(): void {
  fs.writeSync(1, 'ready\n');
}

function npmTail(): void {
  const tail = new Tail(log, { follow: true, useWatchFile: false });
  tail.on('line', print);
  tail.on('error', () => undefined); // it goes on, or does not: that is what is measured
  ready();
}

function chokidar(): void {
  let { ino: inode, size: offset } = fs.statSync(log);
  let rest = '';
  const watcher = watch(log).on('ready', ready);
  watcher.on('all', () => {
    const stats = fs.statSync(log, { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (stats.ino !== inode || stats.size < offset) offset = 0;
    inode = stats.ino;
    const text = rest + readFrom(offset, stats.size);
    offset = stats.size;
    rest = text.slice(text.lastIndexOf('\n') + 1);
    print(text.slice(0, text.length - rest.length));
  });
}

function readFrom(offset: number, end: number): string {
  const fd = fs.openSync(log, 'r');
  const buffer = Buffer.alloc(end - offset);
  const length = fs.readSync(fd, buffer, 0, buffer.length, offset);
  fs.closeSync(fd);
  return buffer.toString('latin1', 0, length);
}
