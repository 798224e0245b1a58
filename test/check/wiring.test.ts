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
  /** Whether the map holds the client. */
  readonly isHeld: boolean;
}

const anyMail: fc.Arbitrary<Mail> = fc.record({
  isLocal: fc.boolean(),
  isOffice: fc.boolean(),
  isBlocked: fc.boolean(),
  isHeld: fc.boolean(),
});

const anyRestriction = fc.constantFrom(
  'permit',
  'permit_mynetworks',
  'permit_auth_destination',
  'reject',
  'Reject',
  'reject_unauth_destination',
  'defer_unauth_destination',
  'reject_rbl_client blocked',
  'check_client_access hash:/blocked',
  ...OURS.map((table) => `check_client_access ${table}`),
);
const anyWords = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom('', '', 'warn_if_reject '), anyRestriction), { maxLength: 6 }),
    fc.constantFrom([], ['warn_if_reject']),
  )
  .map(([all, end]) => [...all.flatMap(([warn, restriction]) => `${warn}${restriction}`.split(' ')), ...end]);

test.each(['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'] as const)(
  'the list that is printed permits whom the map holds, and decides as %s did about everybody else',
  (parameter) => {
    fc.assert(
      fc.property(anyWords, anyMail, (words, mail) => {
        const setting = postfixSetting({ parameter, words }, mapWay(TARGET, 128));
        const printed = setting.replace(`${parameter} = `, '').split(/,? /);
        expect(printed).toEqual(expect.arrayContaining(['check_client_access', OURS.at(-1)]));
        const was = decision(words, mail);
        fc.pre(was !== 'none' && !(mail.isHeld && mail.isBlocked));
        expect(decision(printed, mail)).toBe(mail.isHeld ? 'permit' : was);
      }),
      { numRuns: 2000 },
    );
  },
);

function decision(words: readonly string[], mail: Mail): 'permit' | 'refuse' | 'none' {
  let isWarning = false;
  for (const [index, word] of words.entries()) {
    if (permits(word, words[index + 1], mail)) return 'permit';
    if (refuses(word, words[index + 1], mail) && !isWarning) return 'refuse';
    isWarning = word === 'warn_if_reject';
  }
  return 'none';
}

function permits(word: string, argument: string | undefined, { isLocal, isOffice, isHeld }: Mail): boolean {
  if (isHeld && word === 'check_client_access' && OURS.includes(argument ?? '')) return true;
  if (word === 'permit_mynetworks') return isOffice;
  return word === 'permit' || (word === 'permit_auth_destination' && isLocal);
}

function refuses(word: string, argument: string | undefined, { isLocal, isBlocked }: Mail): boolean {
  if (word.endsWith('_unauth_destination')) return !isLocal;
  return word.toLowerCase() === 'reject' || (isBlocked && argument?.includes('blocked') === true);
}
