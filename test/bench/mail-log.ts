/**
 * A mail log of a busy host, the same for the same seed: what Postfix, amavis and a filter write of mail that comes and
 * goes, and Dovecot of clients that log in, log out and fail, with rsyslog's stamps. One line of twenty is a login, one
 * its logout a little later, and one of ten a failed login.
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
const AVERAGE_LINE_BYTES = 163;
const CHUNK_CHARS = 1_048_576;

/** Writes a log of about `bytes` to `file`; tells how many lines and logins it has. */
export function writeMailLog(file: string, shape: MailLogShape): { readonly lines: number; readonly logins: number } {
  const random = randomOf(shape.seed);
  const fd = openSync(file, 'w');
  const stepMs = DAY_MS / (shape.bytes / AVERAGE_LINE_BYTES);
  const open: Session[] = [];
  let [lines, logins, written, chunk] = [0, 0, 0, ''];
  while (written + chunk.length < shape.bytes) {
    const at = Math.min(shape.endAt, shape.endAt - DAY_MS + lines * stepMs);
    const share = random();
    if (share < LOGINS) logins++;
    const stamp = new Date(at).toISOString().replace('Z', '000+00:00');
    chunk += `${stamp} mx ${messageOf(share, random, shape.addresses, open)}\n`;
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

/** A client that has logged in; `id` is the server's. */
interface Session {
  readonly client: number;
  readonly pid: number;
  readonly id: string;
}

/** How many clients are logged in at once; the one that came first goes first. */
const OPEN_SESSIONS = 500;

/** What else such a log holds: mail, logouts, failed logins. */
export function noLoginMessage(random: Random, addresses: number): string {
  return messageOf(LOGINS + random() * (1 - LOGINS), random, addresses, []);
}

function messageOf(share: number, random: Random, addresses: number, open: Session[]): string {
  const client = Math.floor(random() * addresses);
  const pid = Math.floor(random() * 30_000);
  if (share < LOGINS) return loginMessage({ client, pid, id: idOf(random) }, open);
  if (share < LOGOUTS)
    return logoutMessage((open.length > OPEN_SESSIONS && open.shift()) || { client, pid, id: idOf(random) });
  if (share < FAILURES)
    return `dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<user${client}>, method=PLAIN, rip=${addressOf(client)}, lip=192.0.2.25, session=<${idOf(random)}>`;
  const message = MAIL[Math.floor(random() * MAIL.length)] ?? MAIL[0];
  return message({
    client,
    pid,
    queueId: hex(random, 11),
    messageId: `${hex(random, 16)}.${pid}@host${client}.example.net`,
  });
}

function loginMessage(session: Session, open: Session[]): string {
  const { client, pid, id } = session;
  open.push(session);
  return `dovecot: imap-login: Login: user=<user${client}@example.org>, method=PLAIN, rip=${addressOf(client)}, lip=192.0.2.25, mpid=${pid}, TLS, session=<${id}>`;
}

function logoutMessage({ client, pid, id }: Session): string {
  return `dovecot: imap(user${client}@example.org)<${pid}><${id}>: Disconnected: Logged out in=512 out=9120 deleted=0 expunged=0 trashed=0 hdr_count=3 hdr_bytes=1201 body_count=1 body_bytes=2210`;
}

/** The address of client number `client`. */
export function addressOf(client: number): string {
  if (client % 10 === 9) return `2001:db8:${(client >> 8).toString(16)}:${(client & 255).toString(16)}::1`;
  return `100.${64 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}`;
}

function idOf(random: Random): string {
  return `${hex(random, 14)}AQ`;
}

function hex(random: Random, digits: number): string {
  return Math.floor(random() * 2 ** 52)
    .toString(16)
    .toUpperCase()
    .padStart(digits, '4')
    .slice(0, digits);
}

/** A message on its way. */
interface Mail {
  readonly client: number;
  readonly pid: number;
  readonly queueId: string;
  readonly messageId: string;
}

const MAIL: readonly [MailLine, ...MailLine[]] = [
  ({ client, pid }) => `postfix/smtpd[${pid}]: connect from host${client}.example.net[${addressOf(client)}]`,
  ({ client, pid }) =>
    `postfix/smtpd[${pid}]: disconnect from host${client}.example.net[${addressOf(client)}] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
  ({ client, pid, queueId }) =>
    `postfix/smtpd[${pid}]: ${queueId}: client=host${client}.example.net[${addressOf(client)}]`,
  ({ pid, queueId, messageId }) => `postfix/cleanup[${pid}]: ${queueId}: message-id=<${messageId}>`,
  ({ client, pid, queueId }) =>
    `postfix/qmgr[${pid}]: ${queueId}: from=<user${client}@example.net>, size=${client}, nrcpt=1 (queue active)`,
  ({ client, pid, queueId }) =>
    `postfix/smtp[${pid}]: ${queueId}: to=<user${client}@example.com>, relay=mx.example.com[192.0.2.77]:25, delay=1.2, delays=0.1/0/0.4/0.7, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9C${pid.toString(16)})`,
  ({ pid, queueId }) => `postfix/qmgr[${pid}]: ${queueId}: removed`,
  ({ client, pid, queueId, messageId }) =>
    `amavis[${pid}]: (${pid}-01) Passed CLEAN {RelayedInbound}, [${addressOf(client)}]:4242 <user${client}@example.net> -> <user${client}@example.org>, Message-ID: <${messageId}>, mail_id: x${pid}, Hits: -0.1, size: ${client}, queued_as: ${queueId}, 312 ms`,
  ({ client, pid, queueId }) => `opendkim[${pid}]: ${queueId}: s=mail d=example.net SSL verified for user${client}`,
];
type MailLine = (mail: Mail) => string;

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
