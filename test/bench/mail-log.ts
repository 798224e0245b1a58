/**
 * A mail log of a busy host, the same for the same seed: what Postfix, amavis and a filter write of mail that comes and
 * goes, and Dovecot of clients that log in, log out and fail. One line of twenty is a login, one of ten a failed one.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

/** What {@link writeMailLog} writes. */
export interface MailLogShape {
  readonly bytes: number;
  readonly seed: number;
  /** The last line's time; the first is a day before. */
  readonly endAt: number;
  /** How many clients there are; one of ten has IPv6. */
  readonly addresses: number;
}

const DAY_MS = 86_400_000;
const AVERAGE_LINE_BYTES = 148;
const CHUNK_CHARS = 1_048_576;

/** Writes a log of about `bytes` to `file`; tells how many lines and logins it has. */
export function writeMailLog(file: string, shape: MailLogShape): { readonly lines: number; readonly logins: number } {
  const random = randomOf(shape.seed);
  const fd = openSync(file, 'w');
  const stepMs = DAY_MS / (shape.bytes / AVERAGE_LINE_BYTES);
  let [lines, logins, written, chunk] = [0, 0, 0, ''];
  while (written + chunk.length < shape.bytes) {
    const at = Math.min(shape.endAt, shape.endAt - DAY_MS + lines * stepMs);
    const share = random();
    if (share < LOGINS) logins++;
    chunk += `${new Date(at).toISOString()} mx ${messageOf(share, random, shape.addresses)}\n`;
    lines++;
    if (chunk.length < CHUNK_CHARS) continue;
    written += writeSync(fd, chunk);
    chunk = '';
  }
  writeSync(fd, chunk);
  closeSync(fd);
  return { lines, logins };
}

/** Of all lines. */
const LOGINS = 0.05;
const LOGOUTS = 0.1;
const FAILURES = 0.2;

type Random = () => number;

function messageOf(share: number, random: Random, addresses: number): string {
  const client = Math.floor(random() * addresses);
  const pid = Math.floor(random() * 30_000);
  if (share < LOGINS) return loginMessage(client, pid, random);
  if (share < LOGOUTS)
    return `dovecot: imap(user${client}@example.org)<${pid}><${sessionOf(random)}>: Disconnected: Logged out in=512 out=9120 deleted=0 expunged=0 trashed=0 hdr_count=3 hdr_bytes=1201 body_count=1 body_bytes=2210`;
  if (share < FAILURES)
    return `dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<user${client}>, method=PLAIN, rip=${addressOf(client)}, lip=192.0.2.25, session=<${sessionOf(random)}>`;
  const message = MAIL[Math.floor(random() * MAIL.length)] ?? MAIL[0];
  return message(client, pid);
}

function loginMessage(client: number, pid: number, random: Random): string {
  return `dovecot: imap-login: Login: user=<user${client}@example.org>, method=PLAIN, rip=${addressOf(client)}, lip=192.0.2.25, mpid=${pid}, TLS, session=<${sessionOf(random)}>`;
}

/** The address of client number `client`. */
export function addressOf(client: number): string {
  if (client % 10 === 9) return `2001:db8:${(client >> 8).toString(16)}:${(client & 255).toString(16)}::1`;
  return `100.${64 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}`;
}

function sessionOf(random: Random): string {
  return `${Math.floor(random() * 2 ** 48)
    .toString(36)
    .padStart(10, 'x')}AQ`;
}

const MAIL: readonly [Message, ...Message[]] = [
  (client, pid) => `postfix/smtpd[${pid}]: connect from host${client}.example.net[${addressOf(client)}]`,
  (client, pid) =>
    `postfix/smtpd[${pid}]: disconnect from host${client}.example.net[${addressOf(client)}] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
  (client, pid) =>
    `postfix/smtpd[${pid}]: 4F${client.toString(16)}: client=host${client}.example.net[${addressOf(client)}]`,
  (client, pid) =>
    `postfix/cleanup[${pid}]: 4F${client.toString(16)}: message-id=<${client}.${pid}@host${client}.example.net>`,
  (client, pid) =>
    `postfix/qmgr[${pid}]: 4F${client.toString(16)}: from=<user${client}@example.net>, size=${client}, nrcpt=1 (queue active)`,
  (client, pid) =>
    `postfix/smtp[${pid}]: 4F${client.toString(16)}: to=<user${client}@example.com>, relay=mx.example.com[192.0.2.77]:25, delay=1.2, delays=0.1/0/0.4/0.7, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9C${pid.toString(16)})`,
  (client, pid) => `postfix/qmgr[${pid}]: 4F${client.toString(16)}: removed`,
  (client, pid) =>
    `amavis[${pid}]: (${pid}-01) Passed CLEAN {RelayedInbound}, [${addressOf(client)}]:4242 <user${client}@example.net> -> <user${client}@example.org>, Message-ID: <${client}.${pid}@host${client}.example.net>, mail_id: x${pid}, Hits: -0.1, size: ${client}, queued_as: 4F${client.toString(16)}, 312 ms`,
  (client, pid) => `opendkim[${pid}]: 4F${client.toString(16)}: s=mail d=example.net SSL verified for user${client}`,
];
type Message = (client: number, pid: number) => string;

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
