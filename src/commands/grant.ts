import { systemClock } from '../clock.ts';
import { formatDuration, parseDuration } from '../config/duration.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { admissionRules, admitGrant, REFUSALS, type Refusal } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import type { Store } from '../store/store.ts';
import { adminName } from './admin-name.ts';
import { defineCommand, print } from './command.ts';
import { jsonOptions, printRows } from './json-rows.ts';
import { publishAndTell } from './tell-nodes.ts';
import { withStore } from './with-store.ts';

const MIN_MS = 1000;
const MAX_MS = 86_400_000; // like the longest grace: what is to last belongs into the MTA's own configuration

/** `relaypass grant`: an admin's word instead of a login; it counts, expires and is purged like one. */
export const command = defineCommand(
  (argv) =>
    jsonOptions(argv)
      .positional('address', { type: 'string', demandOption: true, describe: 'Client address' })
      .option('for', {
        type: 'string',
        requiresArg: true,
        describe: 'How long, 1s to 24h',
        defaultDescription: 'the grace',
      })
      .option('user', {
        type: 'string',
        requiresArg: true,
        default: '-',
        describe: 'For whom, as list and purge name him',
      })
      .example('$0 grant 192.0.2.40 --for 2h', 'a scanner whose mailbox is broken')
      .epilog('JSON: what "list" has of it.'),
  ({ config, address, for: duration, user, ...args }) => {
    const forMs = duration === undefined ? undefined : checkedDuration(duration);
    const name = adminName();
    return withStore(config, async (host) => {
      const { grace, admission } = host.config;
      const grant = { address, user, name, graceMs: forMs ?? grace };
      const result = admitGrant(grant, admissionRules(admission, grace), systemClock());
      if ('refused' in result) throw refusal(address, REFUSALS[result.refused], statusOf(result.refused));
      const [outcome] = host.store.record({ logins: [result.admitted] });
      if (outcome?.kind === 'refused') throw refusal(address, `${outcome.cap} is reached`);
      const held = heldLogin(host.store, result.admitted);
      printRows([held], args, () => print(`${held.address} may relay for ${leftOf(held, result.admitted)}`));
      return publishAndTell(host, { grant: result.admitted }, args);
    });
  },
);

/** What holds now: the user may have been permitted for longer. */
function heldLogin(store: Store, { address, user }: Login): Login {
  const held = store.login(address, user);
  if (held === undefined) throw refusal(address, 'it was purged at the same time');
  return held;
}

function leftOf(held: Login, { at, expiresAt }: Login): string {
  if (held.expiresAt <= expiresAt) return formatDuration(expiresAt - at);
  return `${formatDuration(held.expiresAt - systemClock())}, as before`;
}

function refusal(address: string, reason: string, status: ExitStatus = EXIT.unavailable): OperationalError {
  return new OperationalError('refused', status, `${address}: not granted: ${reason}`);
}

function statusOf(refused: Refusal): ExitStatus {
  return refused === 'not-an-address' || refused === 'zone' || refused === 'bad-user' ? EXIT.usage : EXIT.unavailable;
}

function checkedDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= MIN_MS && ms <= MAX_MS) return ms;
  const message = `--for: expected a duration such as "2h", 1s to 24h, found "${text}"`;
  throw new OperationalError('bad-duration', EXIT.usage, message);
}
