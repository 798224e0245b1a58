import { expect, test } from '@jest/globals';
import { compileRegex } from '../../src/pattern/compile.ts';
import { RegexError } from '../../src/pattern/regex-syntax.ts';

const ADDRESS = '(?P<address>[0-9A-Fa-f:.]+)';

function refusal(source: string): string {
  try {
    compileRegex(source);
  } catch (error) {
    if (error instanceof RegexError) return `${error.index}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

test.each([
  ['without its start', `Login: rip=${ADDRESS}$`, /^0: does not start with "\^"/],
  ['without its end', `^Login: rip=${ADDRESS}`, /does not end with "\$"/],
  ['with an anchored half alone', `^a|rip=${ADDRESS}$`, /does not start with "\^"/],
  ['with an anchor in the middle', `^a(?:$|b) ${ADDRESS}$`, /a "\$" in the middle/],
  ['with .* before the address', `^Login: .*rip=${ADDRESS}$`, /^8: a repeat before the address that can take "r"/],
  ['with a lazy .*? before it', `^Login: .*?rip=${ADDRESS}$`, /a repeat before the address/],
  ['with \\S+ up to a character that it takes', `^Login: \\S+rip=${ADDRESS}$`, /a repeat before the address/],
  [
    'with a user that can hold what ends it',
    `^user=[^ ]+, rip=${ADDRESS}$`,
    /a repeat before the address that can take ","/,
  ],
  ['with an optional part that looks like the next', `^(?:[^ ]+ )?${ADDRESS}$`, /a repeat before the address/],
  ['with a repeat that the next round can go on', `^(?:x[a-z]*)+ ${ADDRESS}$`, /^5: a repeat .* can take "x"/],
  [
    'with what ends a user of mere words in a repeat past it',
    `^(?P<user>\\w+), rip=${ADDRESS}[, a-z]*$`,
    /past the address that can take ","/,
  ],
  ['with alternatives that start alike', `^(?:[^,]+,|[^;]+;) ${ADDRESS}$`, /a repeat before the address/],
  [
    'with a catch-all past the address',
    `^user=<[^<>]+>, rip=${ADDRESS}, .*$`,
    /a repeat past the address that can take ">"/,
  ],
  ['with a repeated group past it', `^[^ ]+ H=${ADDRESS}(?: [^ ]+)*$`, /a repeat past the address that can take " "/],
  ['with a host name as its address', '^from (?P<address>[^ ]+)$', /more than an address is written with/],
  [
    'whose address a field past it could give once more',
    `^(?:${ADDRESS};|u=[^;]*;)+$`,
    /^4: the group "address" in a repeat/,
  ],
  ['with a group that its last round can leave out', '^(?:(?P<user>a)?b){2}$', /the group "user" in a repeat/],
  ['with a group whose name V8 cannot read', `^(?P<1user>a) ${ADDRESS}$`, /^1: /],
  ['with look-ahead', `^(?=a)${ADDRESS}$`, /^1: look-around/],
  ['with look-behind', `^(?<=a)${ADDRESS}$`, /^1: look-around/],
  ['with a back reference', `^(?P<user>a)\\1 ${ADDRESS}$`, /back references/],
  ['with a flag', `^(?i)a ${ADDRESS}$`, /inline flags/],
  ['with a group of no use', `^(a) ${ADDRESS}$`, /a group without a name/],
  ['with a group twice', `^(?P<user>a) (?P<user>b) ${ADDRESS}$`, /the group "user" twice/],
  ['of more than 2 KiB', `^${'a'.repeat(2100)}${ADDRESS}$`, /longer than 2048 bytes/],
  ['with a "(" left open', `^(?:a ${ADDRESS}$`, /^1: a "\(" without/],
  ['with a "[" left open', `^a ${ADDRESS}[b$`, /a "\[" without/],
  ['with a repeat of nothing', `^(?:*a) ${ADDRESS}$`, /nothing before "\*"/],
  ['with a repeat count that re2 refuses', `^a{1,2000} ${ADDRESS}$`, /repeat count/],
])('a regex %s is refused, with the place and the reason', (_, source, reason) => {
  expect(refusal(source)).toMatch(reason);
});

test.each([
  ['a field up to a character that it cannot hold', `^user=<[^<>]+>, rip=${ADDRESS}$`],
  ['an optional part that starts with other text', `^a(?:, method=[\\w-]+)?, rip=${ADDRESS}$`],
  ['an optional host before a bracket', `^host=(?:[^ \\[\\]]+ )?\\[${ADDRESS}\\]$`],
  ['a group in an optional part', `^(?:user=(?P<user>[a-z]+), )?rip=${ADDRESS}$`],
  ['alternatives of plain text', `^(?:imap|imaps)-login: ${ADDRESS}$`],
  ['numbers and words past the address', `^user=<[^<>]+>, rip=${ADDRESS}(?:, mpid=\\d+)?(?:, TLS)?$`],
  ['anything past the address, where no field precedes it', `^from ${ADDRESS}, .*$`],
])('a regex with %s is taken', (_, source) => {
  expect(refusal(source)).toBe('accepted');
});

test.each([
  ['^LOGIN, user=(?P<user>[^,]+)$', 'LOGIN, user='],
  ['^(?:Login|Logged in): user=<(?P<user>[^<>]+)>$', ': user=<'],
  ['^(?P<service>imap|pop3)-login: (?P<user>\\w+)$', '-login: '],
  ['^(?:optional text )?of (?P<user>\\w+)$', 'of '],
  ['^a\\.b\\[(?P<user>\\w+)\\]$', 'a.b['],
  ['^(?P<user>\\w+)$', ''],
])('the text to look for before %s is tried is "%s"', (source, literal) => {
  expect(compileRegex(source).literal).toBe(literal);
});
