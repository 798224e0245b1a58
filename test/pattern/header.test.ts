import { expect, test } from '@jest/globals';
import { HeaderReader, stampOf } from '../../src/pattern/header.ts';

const NOW = Date.UTC(2026, 10, 24);

interface Head {
  readonly host: string;
  readonly tag: string;
  readonly pid: number | undefined;
  readonly message: string;
}

function head(line: string): Head | undefined {
  const bytes = Buffer.from(line);
  const header = new HeaderReader();
  if (!header.read(bytes, 0, bytes.length)) return undefined;
  const { host, tag, pid } = header;
  return { host, tag, pid, message: bytes.toString('utf8', header.messageStart) };
}

const FORMS: [string, string, Head][] = [
  [
    'RFC 3164',
    'Nov 23 18:00:00 mx dovecot: imap-login: x',
    { host: 'mx', tag: 'dovecot', pid: undefined, message: 'imap-login: x' },
  ],
  ['a padded day', 'Nov  3 18:00:00 mx popa3d[9]: x', { host: 'mx', tag: 'popa3d', pid: 9, message: 'x' }],
  ['a priority', '<22>Nov 23 18:00:00 mx a[9]: x', { host: 'mx', tag: 'a', pid: 9, message: 'x' }],
  [
    'RFC 3339',
    '2026-11-23T18:00:00.123456+01:00 mx cyrus/imaps[77]: x',
    { host: 'mx', tag: 'cyrus/imaps', pid: 77, message: 'x' },
  ],
  ['RFC 3339 in UTC', '2026-11-23T18:00:00Z mx a: x', { host: 'mx', tag: 'a', pid: undefined, message: 'x' }],
  [
    'RFC 5424 as rsyslog writes it',
    '<22>1 2026-11-23T18:00:00+01:00 mx pop3d 9 - -  x y',
    { host: 'mx', tag: 'pop3d', pid: 9, message: 'x y' },
  ],
  [
    'RFC 5424 with structured data',
    '<22>1 2026-11-23T18:00:00+01:00 mx a - id [x@1 k="]\\" b"][y] \ufeffx',
    { host: 'mx', tag: 'a', pid: undefined, message: 'x' },
  ],
  ['busybox', 'Nov 23 18:00:00 mx mail.info a[9]: x', { host: 'mx', tag: 'a', pid: 9, message: 'x' }],
  ['busybox -S', 'Nov 23 18:00:00 a[9]: x', { host: '', tag: 'a', pid: 9, message: 'x' }],
  ['Solaris', 'Nov 23 18:00:00 mx a[9]: [ID 210418 mail.info] x', { host: 'mx', tag: 'a', pid: 9, message: 'x' }],
  [
    'a program that writes the host as its tag',
    'Nov 23 18:00:00 mx mx nginx: x',
    { host: 'mx', tag: 'nginx', pid: undefined, message: 'x' },
  ],
  [
    "nginx's, of a host whose logger leaves its domain out",
    'Nov 23 18:00:00 mx mx.example.org nginx: x',
    { host: 'mx', tag: 'nginx', pid: undefined, message: 'x' },
  ],
  ['journalctl -o short-precise', 'Nov 23 18:00:00.671590 mx a[9]: x', { host: 'mx', tag: 'a', pid: 9, message: 'x' }],
  [
    'the own file of Dovecot 1.x',
    'dovecot: 2026-11-23 18:00:00 Info: x',
    { host: '', tag: 'dovecot', pid: undefined, message: 'Info: x' },
  ],
  [
    'the own file of Dovecot 2.x',
    'Nov 23 18:00:00 imap-login: Info: x',
    { host: '', tag: 'imap-login', pid: undefined, message: 'Info: x' },
  ],
  ['the own file of Courier', 'Nov 23 18:00:00 [imapd]: x', { host: '', tag: 'imapd', pid: undefined, message: 'x' }],
  [
    'the own file of Qpopper',
    'Nov 23 18:00:00 [popper] (v4) x',
    { host: '', tag: 'popper', pid: undefined, message: '(v4) x' },
  ],
  [
    'an own file without tags',
    'Mon Nov 23 18:00:00 2026 [1234]  Stats: x',
    { host: '', tag: '', pid: undefined, message: 'Stats: x' },
  ],
];

test.each(FORMS)('reads %s', (_, line, expected) => {
  expect(head(line)).toEqual(expected);
  expect(stampOf(Buffer.from(line), NOW)).toBeGreaterThan(Date.UTC(2026, 10, 2));
});

test.each([
  ['RFC 3164', 'Nov 23 18:00:00 mx mx dovecot: x', { host: 'mx', tag: 'mx', pid: undefined, message: 'dovecot: x' }],
  [
    'RFC 3164 with a pid in the text',
    'Nov 23 18:00:00 mx mx dovecot[9]: x',
    { host: 'mx', tag: 'mx', pid: undefined, message: 'dovecot[9]: x' },
  ],
  [
    'RFC 5424',
    '<22>1 2026-11-23T18:00:00+01:00 mx mx 7 - - dovecot: x',
    { host: 'mx', tag: 'mx', pid: 7, message: 'dovecot: x' },
  ],
  [
    'RFC 5424 with text alone',
    '<22>1 2026-11-23T18:00:00+01:00 mx mx 7 - - hello',
    { host: 'mx', tag: 'mx', pid: 7, message: 'hello' },
  ],
  [
    'a tag with a dot',
    'Nov 23 18:00:00 mx my.app dovecot: x',
    { host: 'mx', tag: 'my.app', pid: undefined, message: 'dovecot: x' },
  ],
])('the text of another program does not name its tag: %s', (_, line, expected) => {
  expect(head(line)).toEqual(expected);
});

test.each([
  ['an empty line', ''],
  ['a stamp alone', 'Nov 23 18:00:00'],
  ['a stamp and a host', 'Nov 23 18:00:00 mx'],
  ['no message', 'Nov 23 18:00:00 mx a: '],
  ['a pid that is none', 'Nov 23 18:00:00 mx a[x]: y'],
  ['a tag too long', `Nov 23 18:00:00 mx ${'a'.repeat(49)}: x`],
  ['text', 'dovecot: imap-login: Login: user=<a>'],
  ['RFC 5424 without a priority', '1 2026-11-23T18:00:00+01:00 mx pop3d 9 - - x'],
  ['an unclosed structured datum', '<22>1 2026-11-23T18:00:00Z mx a - - [x y'],
])('finds no header in %s', (_, line) => {
  expect(head(line)).toBeUndefined();
});

test('the pid of one line is not that of the next', () => {
  const header = new HeaderReader();
  for (const [line, pid] of [
    ['Nov 23 18:00:00 mx popa3d[9]: x', 9],
    ['Nov 23 18:00:00 mx popa3d: x', undefined],
  ] as const) {
    expect(header.read(Buffer.from(line), 0, line.length)).toBe(true);
    expect(header.pid).toBe(pid);
  }
});

test('finds no instant in a stamp of a month or a day that does not exist', () => {
  for (const stamp of ['Foo 23 18:00:00', 'Nov 31 18:00:00', 'Nov 23 24:00:00', '2026-02-29T18:00:00Z']) {
    expect(stampOf(Buffer.from(`${stamp} mx a: x`), NOW)).toBeUndefined();
  }
});
