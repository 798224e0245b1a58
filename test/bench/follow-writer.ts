/**
 * The logger of the follow benchmark: writes numbered lines at a rate until SIGTERM, then prints how many. SIGHUP makes
 * it open the log anew. It says `ready` first, and `paused` when SIGUSR2 makes it pause; another one lets it go on.
 *
 *     follow-writer LOG RATE          appends to the file
 *     follow-writer tcp:PORT RATE     sends to a syslog daemon on 127.0.0.1
 */
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';

const TICK_MS = 5;
const [target = '', rate = '2000'] = process.argv.slice(2);
const write = target.startsWith('tcp:') ? await connect(Number(target.slice(4))) : appender(target);
const startedAt = performance.now();
let written = 0;
let isPaused = false;

const timer = setInterval(() => {
  if (isPaused) return;
  const due = Math.floor(((performance.now() - startedAt) * Number(rate)) / 1000);
  let text = '';
  for (; written < due; written += 1)
    text += `${head()}dovecot: imap-login: Login: user=<u>, rip=192.0.2.1, n=${written}\n`;
  if (text !== '') write(text);
}, TICK_MS);

process.on('SIGUSR2', () => {
  isPaused = !isPaused;
  if (isPaused) process.stdout.write('paused\n');
});
process.stdout.write('ready\n');
process.on('SIGTERM', () => {
  clearInterval(timer);
  process.stdout.write(`${written}\n`, () => process.exit());
});

function head(): string {
  return target.startsWith('tcp:') ? '<22>Nov 24 06:25:01 mx ' : 'Nov 24 06:25:01 mx ';
}

function appender(file: string): (text: string) => void {
  let fd = fs.openSync(file, 'a');
  process.on('SIGHUP', () => {
    fs.closeSync(fd);
    fd = fs.openSync(file, 'a');
  });
  return (text) => void fs.writeSync(fd, text);
}

async function connect(port: number): Promise<(text: string) => void> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return (text) => void socket.write(text);
}
