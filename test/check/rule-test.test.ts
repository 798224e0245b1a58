import { expect, test } from '@jest/globals';
import { answerIn } from '../../src/check/rule-test.ts';

const ANSWER = `ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)
Enter <ruleset> <address>
> check_rcpt         input: < client >
check_rcpt       returns: $# RELAY
> map_lookup: popauth (127.0.0.2) returns RELAY (0)
`;

test('reads the verdicts and what the map has', () => {
  expect(answerIn(ANSWER, 1)).toMatchObject({ verdicts: [{ kind: 'relayed', said: '$# RELAY' }], value: 'RELAY' });
});

test('a host whose name has no domain, of which Sendmail warns first, is answered for all the same', () => {
  const warned = `WARNING: local host name (vm) is not qualified; see cf/README: WHO AM I?\n${ANSWER}`;
  expect(answerIn(warned, 1)?.value).toBe('RELAY');
});

test('takes neither fewer verdicts than clients for an answer, nor another program’s words', () => {
  expect(answerIn(ANSWER, 2)).toBeUndefined();
  expect(answerIn('check_rcpt returns: $# RELAY\n', 1)).toBeUndefined();
});
