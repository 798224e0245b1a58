import { expect, test } from '@jest/globals';
import { imapLogin, imapSession } from './lab/mailbox.ts';
import { until } from './lab/program.ts';
import {
  expectRefused,
  GRACE_MS,
  isRefused,
  isRelayed,
  login,
  onRelayHost,
  toMailbox,
  untilRefused,
  verdicts,
} from './lab/relay-host.ts';
import { relaypass } from './lab/relaypass.ts';

onRelayHost('relay closes', (host) => {
  test('when the grace is over, and not before; for an open IMAP session, the grace begins at its logout', async () => {
    const before = Date.now();
    await imapLogin(toMailbox('198.51.100.28'), login('grace')); // its logout tells that Dovecot logs them
    await host.untilOpen('198.51.100.28');
    await imapSession(toMailbox('198.51.100.29'), login('grace'), async (imap) => {
      await host.untilOpen('198.51.100.29');
      const graceEndsAt = Date.now() + GRACE_MS;
      const isClosedForTheFirst = async () => {
        imap.send('n NOOP'); // or the lab's client hangs up
        await imap.lineLike(/^n OK/);
        return (await verdicts('198.51.100.28')).every(isRefused);
      };
      await until('relay to close for the first', isClosedForTheFirst, { limitMs: 2 * GRACE_MS });
      expect(Date.now() - before).toBeGreaterThanOrEqual(GRACE_MS);
      await until('the grace of the second login to be over', () => Date.now() > graceEndsAt, { limitMs: GRACE_MS });
      await expectRefused('198.51.100.28');
      expect((await verdicts('198.51.100.29')).every(isRelayed)).toBe(true);
      expect(relaypass('list').stdout).toMatch(/^198\.51\.100\.29\b.*session open/m);
    });
    const loggedOutAt = Date.now();
    await host.daemon.until('the session to end', async () => !relaypass('list').stdout.includes('session open'));
    expect((await verdicts('198.51.100.29')).every(isRelayed)).toBe(true);
    await untilRefused('198.51.100.29');
    expect(Date.now() - loggedOutAt).toBeGreaterThanOrEqual(GRACE_MS - 1000); // the log tells whole seconds
    expect(relaypass('list').stdout).not.toMatch(/198\.51\.100/);
  });
});
