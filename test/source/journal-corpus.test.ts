/** What a real journald held of a real Dovecot and of a local forger, as `journalctl -o json` printed it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { Matcher } from '../../src/pattern/matcher.ts';
import { parseEntry } from '../../src/source/journal-record.ts';
import { loadShipped, SAMPLES_DIR } from '../pattern/shipped.ts';

const lines = readFileSync(path.join(SAMPLES_DIR, 'dovecot.journal-json.jsonl'), 'utf8').trimEnd().split('\n');
const LATER = Date.UTC(2026, 11, 1);

/** The logins, where journald says that `unit` wrote what root did; that machine ran no systemd, so it knew of none. */
function loginsOf(unit: string | undefined): string[] {
  const records = lines
    .flatMap((line) => parseEntry(line)?.record ?? [])
    .map((record) => ({
      ...record,
      trusted: { ...record.trusted, unit: record.trusted.uid === 0 ? unit : undefined },
    }));
  expect(records).toHaveLength(lines.length);
  const batch = { kind: 'records', records, notices: [], checkpoint: {} } as const;
  const matches = new Matcher(loadShipped(), 'journal').match(batch, LATER);
  return matches.flatMap(({ kind, address, user, service }) =>
    kind === 'login' ? `${address} ${user} ${service}` : [],
  );
}

test.each([undefined, 'dovecot.service'])(
  'pop-before-smtp, no mail.log: the logins of a journal are found, and the line of a local forger is not (unit %s)',
  (unit) => {
    expect(loginsOf(unit)).toEqual([
      '203.0.113.77 bob pop3',
      '2001:db8:1:2:3:4:5:77 alice@example.com imap',
      '::1 bob imap',
    ]);
  },
);

test('nothing is believed of another unit', () => {
  expect(loginsOf('session-1.scope')).toEqual([]);
});
