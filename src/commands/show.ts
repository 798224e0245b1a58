import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { escapeControls } from '../log.ts';
import { parseAddress, type Address } from '../login/address.ts';
import { admissionRules, admitGrant, REFUSALS } from '../login/admission.ts';
import type { Evidence, Login } from '../login/login.ts';
import { mapHolds } from '../map/inspect.ts';
import { MapError } from '../map/map-error.ts';
import { resolveMaps } from '../map/target.ts';
import { hostTools } from '../map/tools.ts';
import type { Entry } from '../store/entry.ts';
import { defineCommand, print, printJson } from './command.ts';
import { withStore, type OpenHost } from './with-store.ts';

interface MapVerdict {
  readonly file: string;
  /** Whether the map permits the address; a text where that cannot be told. */
  readonly holds: boolean | string;
}

/** `relaypass show ADDRESS`: the verdict, the logins that it rests on with their lines, and what the maps say. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('address', { type: 'string', demandOption: true, describe: 'Client address' })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 show 198.51.100.7', 'why can she not send?'),
  ({ config, address: text, json }) =>
    withStore(config, async (host) => {
      const address = clientAddress(text);
      const entry = host.store.entry(address);
      const maps = await askMaps(host, entry?.address ?? address);
      if (json) printJson({ address, permitted: entry !== undefined, entry, maps });
      else print([verdict(address, entry, host), ...evidence(entry), ...maps.map(mapLine)].join('\n'));
      return EXIT.ok;
    }),
);

function clientAddress(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address;
  throw new OperationalError('bad-address', EXIT.usage, `${text}: never permitted: ${REFUSALS[parsed.reason]}`);
}

function verdict(address: Address, entry: Entry | undefined, { config }: OpenHost): string {
  const now = systemClock();
  if (entry !== undefined) return `${address} may relay for ${formatDuration(entry.expiresAt - now)}.`;
  const rules = admissionRules(config.admission, config.grace);
  const barred = admitGrant({ address, user: '-', name: '-', graceMs: config.grace }, rules, now);
  if ('refused' in barred) return `${address} has no entry, and gets none: ${REFUSALS[barred.refused]}.`;
  return `${address} may not relay: no login within ${formatDuration(config.grace)}. A login over POP3 or IMAP, or "relaypass grant", lets it.`;
}

function evidence(entry: Entry | undefined): string[] {
  return (entry?.logins ?? []).flatMap((login) => [`  ${headline(login)}`, `    ${lineOf(login)}`]);
}

function headline({ user, service, at, expiresAt }: Login): string {
  return escapeControls(`${user}: ${service} login at ${instant(at)}, until ${instant(expiresAt)}`);
}

function lineOf({ evidence: why, node }: Login): string {
  return escapeControls(`${node === undefined ? '' : `on ${node}, `}${reasonFor(why)}`);
}

function reasonFor(why: Evidence): string {
  if (why.by === 'admin') return `granted by ${why.name}`;
  if (why.by === 'whoson') return `told over whoson by ${why.client}`;
  return `${why.source}, pattern ${why.pattern}: ${why.line}`;
}

async function askMaps({ config }: OpenHost, address: Address): Promise<MapVerdict[]> {
  const tools = hostTools();
  const targets = resolveMaps(config.map, config.state_dir, tools);
  return Promise.all(
    targets.map(async (target) => ({
      file: target.file,
      holds: await mapHolds(target, address, tools).catch((error: unknown) => {
        if (error instanceof MapError) return error.message;
        throw error;
      }),
    })),
  );
}

function mapLine({ file, holds }: MapVerdict): string {
  if (typeof holds === 'string') return `  map: ${holds}`;
  return `  map ${file}: ${holds ? 'permits it' : 'does not permit it'}`;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
