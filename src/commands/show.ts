import { systemClock } from '../clock.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { parseAddress, withPrefix, type Address } from '../login/address.ts';
import { REFUSALS } from '../login/admission.ts';
import type { Failure } from '../pattern/failures.ts';
import { addressVerdict, userVerdict } from '../status/verdict.ts';
import { defineCommand, print, printJson } from './command.ts';
import { readFailedLogins } from './failed-logins.ts';
import { instantsOf } from './listing.ts';
import { renderAddress, renderUser, type AddressAnswer, type ShowOptions, type UserAnswer } from './show-text.ts';
import { instantOf } from './since.ts';
import { terminalOf } from './terminal.ts';
import { withStoreToRead, type OpenHost } from './with-store.ts';

/**
 * `relaypass show`: the verdict, what it rests on, what the maps say, which logins failed, what was last seen, and what
 * would change it.
 */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('address', { type: 'string', describe: 'Client address' })
      .option('user', { type: 'string', requiresArg: true, describe: 'Where this user may relay from, instead' })
      .option('since', {
        type: 'string',
        default: '1h',
        describe: 'From when on to look for failed logins in the logs',
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON: one object' })
      .option('absolute', { type: 'boolean', describe: 'Absolute times', defaultDescription: 'unless on a terminal' })
      .example('$0 show 198.51.100.7', 'why can she not send?')
      .example('$0 show --user alice@example.org --since 24h', 'the same, where the address is not known')
      .epilog(
        'JSON: address or user, permitted, barred, entry or logins, maps, failures (since, count, firstAt, last, unread), ' +
          'elsewhere, events, advice.',
      ),
  ({ config, address, user, since, json, absolute }) =>
    withStoreToRead(config, async (host) => {
      const options = optionsFor(host, absolute);
      const from = instantOf(since);
      if (address !== undefined && user === undefined) {
        const answer = await addressAnswer(clientAddress(address), from, host);
        if (json) printJson(answer);
        else print(renderAddress(answer, options).join('\n'));
      } else if (address === undefined && user !== undefined) {
        const answer = await userAnswer(user, from, host);
        if (json) printJson(answer);
        else print(renderUser(answer, options).join('\n'));
      } else throw new OperationalError('usage', EXIT.usage, 'show: name one of ADDRESS and --user USER');
      return EXIT.ok;
    }),
);

/** An address that may relay has not failed, whatever else happened there. */
async function addressAnswer(address: Address, since: number, host: OpenHost): Promise<AddressAnswer> {
  const verdict = await addressVerdict(address, host);
  if (verdict.permitted) return verdict;
  const failures = await readFailedLogins(host, { since, concerns: ofEntryOf(address, host) });
  const users = new Set(failures.last.flatMap(({ user }) => user?.toLowerCase() ?? []));
  const elsewhere = [...users].flatMap((user) => userVerdict(user, host).logins);
  return { ...verdict, failures, elsewhere };
}

/** Of whoever would share its entry: with `ipv6_prefix = 64` a client fails at one of its addresses and sends from another. */
function ofEntryOf(address: Address, { config }: OpenHost): (failure: Failure) => boolean {
  const prefix = config.admission.ipv6_prefix;
  const entry = withPrefix(address, prefix);
  return (failure) => {
    const parsed = parseAddress(failure.address);
    return parsed.ok && withPrefix(parsed.address, prefix) === entry;
  };
}

/** A user may be permitted where they are not, and fail where they are. */
async function userAnswer(user: string, since: number, host: OpenHost): Promise<UserAnswer> {
  const name = user.toLowerCase();
  const concerns = (failure: Failure): boolean => failure.user?.toLowerCase() === name;
  const failures = await readFailedLogins(host, { since, concerns });
  return { ...userVerdict(user, host), failures };
}

function optionsFor({ config }: OpenHost, absolute: boolean | undefined): ShowOptions {
  const terminal = terminalOf();
  return { now: systemClock(), graceMs: config.grace, instant: instantsOf({ absolute }), terminal };
}

function clientAddress(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address;
  throw new OperationalError('bad-address', EXIT.usage, `${text}: never permitted: ${REFUSALS[parsed.reason]}`);
}
