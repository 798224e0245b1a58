/** What `check` would have an admin write, read as Postfix reads it: restrictions(5) by a model of a few of its words. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { mapWay, postfixSetting } from '../../src/check/postfix-ways.ts';
import type { MapTarget } from '../../src/map/target.ts';

const TARGET: MapTarget = { form: 'postfix', type: 'hash', builder: 'postmap', path: '/run/m', file: '/run/m.db' };
const OURS = ['hash:/run/m', 'btree:/run/m', 'unionmap:{regexp:/dev/null,hash:/run/m}'];

interface Mail {
  readonly isLocal: boolean;
  readonly isOffice: boolean;
  readonly isBlocked: boolean;
}

const anyMail: fc.Arbitrary<Mail> = fc.record({
  isLocal: fc.boolean(),
  isOffice: fc.boolean(),
  isBlocked: fc.boolean(),
});

const anyRestriction = fc.constantFrom(
  'permit',
  'permit_mynetworks',
  'permit_auth_destination',
  'reject',
  'reject_unauth_destination',
  'defer_unauth_destination',
  'reject_rbl_client blocked',
  'check_client_access hash:/blocked',
  ...OURS.map((table) => `check_client_access ${table}`),
);
const anyWords = fc
  .array(fc.tuple(fc.constantFrom('', '', 'warn_if_reject '), anyRestriction), { maxLength: 6 })
  .map((all) => all.flatMap(([warn, restriction]) => `${warn}${restriction}`.split(' ')));

test.each(['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'] as const)(
  'whatever was refused by %s is refused by the list that is printed, but for whom the map holds',
  (parameter) => {
    fc.assert(
      fc.property(anyWords, anyMail, (words, mail) => {
        const setting = postfixSetting({ parameter, words }, mapWay(TARGET, 128));
        const printed = setting.replace(`${parameter} = `, '').split(/,? /);
        expect(printed).toEqual(expect.arrayContaining(['check_client_access', OURS.at(-1)]));
        fc.pre(isRefused(words, mail));
        expect(isRefused(printed, mail)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  },
);

/** Of a client that is not in the map. */
function isRefused(words: readonly string[], mail: Mail): boolean {
  let isWarning = false;
  for (const [index, word] of words.entries()) {
    if (permits(word, mail)) return false;
    if (refuses(word, words[index + 1], mail) && !isWarning) return true;
    isWarning = word === 'warn_if_reject';
  }
  return false;
}

function permits(word: string, { isLocal, isOffice }: Mail): boolean {
  if (word === 'permit_mynetworks') return isOffice;
  return word === 'permit' || (word === 'permit_auth_destination' && isLocal);
}

function refuses(word: string, argument: string | undefined, { isLocal, isBlocked }: Mail): boolean {
  if (word.endsWith('_unauth_destination')) return !isLocal;
  return word === 'reject' || (isBlocked && argument?.includes('blocked') === true);
}
