import { systemClock } from '../clock.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { parseAddress, type Address } from '../login/address.ts';
import { REFUSALS } from '../login/admission.ts';
import { addressVerdict, userVerdict } from '../status/verdict.ts';
import { defineCommand, print, printJson } from './command.ts';
import { instantsOf } from './listing.ts';
import { renderAddress, renderUser, type ShowOptions } from './show-text.ts';
import { terminalOf } from './terminal.ts';
import { withStoreToRead, type OpenHost } from './with-store.ts';

/** `relaypass show`: the verdict, what it rests on, what the maps say, what was last seen, and what would change it. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('address', { type: 'string', describe: 'Client address' })
      .option('user', { type: 'string', describe: 'Where this user may relay from, instead' })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON: one object' })
      .option('absolute', { type: 'boolean', describe: 'Absolute times', defaultDescription: 'unless on a terminal' })
      .example('$0 show 198.51.100.7', 'why can she not send?')
      .example('$0 show --user alice@example.org', 'the same, where the address is not known')
      .epilog('JSON: address or user, permitted, barred, entry or logins, maps, events, advice.'),
  ({ config, address, user, json, absolute }) =>
    withStoreToRead(config, async (host) => {
      const options = optionsFor(host, absolute);
      if (address !== undefined && user === undefined) {
        const verdict = await addressVerdict(clientAddress(address), host);
        if (json) printJson(verdict);
        else print(renderAddress(verdict, options).join('\n'));
      } else if (address === undefined && user !== undefined) {
        const verdict = userVerdict(user, host);
        if (json) printJson(verdict);
        else print(renderUser(verdict, options).join('\n'));
      } else throw new OperationalError('usage', EXIT.usage, 'show: name one of ADDRESS and --user USER');
      return EXIT.ok;
    }),
);

function optionsFor({ config }: OpenHost, absolute: boolean | undefined): ShowOptions {
  const terminal = terminalOf();
  return { now: systemClock(), graceMs: config.grace, instant: instantsOf({ absolute }), terminal };
}

function clientAddress(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address;
  throw new OperationalError('bad-address', EXIT.usage, `${text}: never permitted: ${REFUSALS[parsed.reason]}`);
}
