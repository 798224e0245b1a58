import { expect, test } from '@jest/globals';
import { mapLinesOf, withPlace } from '../../src/check/sendmail-cf.ts';

const CF = `O PidFile=/run/sendmail.pid
Kpopauth hash -T<TMPF> /var/lib/relaypass/popauth
Krelaypass socket -d3 -T<TMPF> local:/run/relaypass/socketmap
Karith arith
Kaccess  hash  /etc/mail/access
Kboth sequence access popauth
SLocal_check_rcpt
R$*	$: $(popauth $&{client_addr} $)
`;

test('finds the maps that a sendmail.cf declares, and where each is', () => {
  expect(mapLinesOf(CF)).toEqual([
    { name: 'popauth', type: 'hash', place: '/var/lib/relaypass/popauth' },
    { name: 'relaypass', type: 'socket', place: 'local:/run/relaypass/socketmap' },
    { name: 'access', type: 'hash', place: '/etc/mail/access' },
  ]);
});

test('puts one map elsewhere and leaves all else as it is', () => {
  expect(withPlace(CF, 'popauth', '/run/$1/probe')).toBe(
    CF.replace('/var/lib/relaypass/popauth', () => '/run/$1/probe'),
  );
  expect(withPlace(CF, 'none', '/run/probe')).toBe(CF);
});
