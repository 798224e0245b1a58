/**
 * The logger of the follow benchmark: writes a mail log at a rate until SIGTERM. Each Nth line is a login of a client of
 * its own, `u0`, `u1`, ... SIGHUP makes it open the log anew, SIGUSR2 pause, and go on.
 *
 *     writer-process LOG RATE N          appends to the file
 *     writer-process tcp:PORT RATE N     sends to a syslog daemon on 127.0.0.1
 *
 * It says `LINES LOGINS`, what it has written: when it begins, when it pauses, and at the end.
 */
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { addressOf, noLoginMessage, randomOf } from '../mail-log.ts';

const TICK_MS = 5;
const CLIENTS = 50_000;
const [target = '', rate = '', loginEvery = ''] = process.argv.slice(2);
const random = randomOf(1);
const write = target.startsWith('tcp:') ? await connect(Number(target.slice(4))) : appender(target);
const priority = target.startsWith('tcp:') ? '<22>' : '';
let startedAt = performance.now();
let pausedAt = 0;
let [lines, logins, isPaused] = [0, 0, false];

setTimeout(writeDue, TICK_MS);

/** Arms itself again when it is done: an interval that is always overdue would keep the signals waiting. */
function writeDue(): void {
  if (!isPaused) writeLines();
  setTimeout(writeDue, TICK_MS);
}

function writeLines(): void {
  const due = Math.floor(((performance.now() - startedAt) * Number(rate)) / 1000);
  const head = `${priority}${new Date().toISOString()} mx `;
  let text = '';
  for (; lines < due; lines++) text += `${head}${nextMessage()}\n`;
  if (text !== '') write(text);
}

process.on('SIGUSR2', () => {
  isPaused = !isPaused;
  if (!isPaused) startedAt += performance.now() - pausedAt;
  else pausedAt = performance.now();
  if (isPaused) tell();
});
process.on('SIGTERM', () => {
  isPaused = true;
  tell(() => process.exit());
});
tell();

function tell(then?: () => void): void {
  process.stdout.write(`${lines} ${logins}\n`, then);
}

function nextMessage(): string {
  if (lines % Number(loginEvery) !== 0) return noLoginMessage(random, CLIENTS);
  const client = logins++;
  return `dovecot: imap-login: Login: user=<u${client}>, method=PLAIN, rip=${addressOf(client)}, lip=192.0.2.25, mpid=9, TLS, session=<s${client}>`;
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
