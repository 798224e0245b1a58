/** Why an address or a user may relay or not, and what would change it: what `show` answers. */
import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { withPrefix, type Address } from '../login/address.ts';
import { admissionRules, admitGrant, REFUSALS } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import { claimMaps } from '../map/claim.ts';
import { mapHolds } from '../map/inspect.ts';
import { MapError } from '../map/map-error.ts';
import { hostTools } from '../map/tools.ts';
import type { Entry } from '../store/entry.ts';
import type { Store } from '../store/store.ts';
import type { TrailEvent } from '../store/trail.ts';
import { adviceFor } from './advice.ts';

export interface MapVerdict {
  /** Undefined of one that cannot be had. */
  readonly file: string | undefined;
  /** Whether the map permits the address; a text where that cannot be told. */
  readonly holds: boolean | string;
}

/** Plain JSON, as `show ADDRESS --json` prints it. */
export interface AddressVerdict {
  readonly address: Address;
  readonly permitted: boolean;
  /** The rule that bars it whatever it does, as a sentence. */
  readonly barred: string | undefined;
  readonly entry: Entry | undefined;
  readonly maps: readonly MapVerdict[];
  /** What last happened to it, oldest first. */
  readonly events: readonly TrailEvent[];
  /** What would change the verdict. */
  readonly advice: string;
}

/** Plain JSON, as `show --user U --json` prints it. */
export interface UserVerdict {
  readonly user: string;
  readonly permitted: boolean;
  readonly barred: string | undefined;
  readonly logins: readonly Login[];
  readonly maxAddresses: number;
  readonly events: readonly TrailEvent[];
  readonly advice: string;
}

const EVENTS_SHOWN = 5;

interface Host {
  readonly config: Config;
  readonly store: Store;
}

export async function addressVerdict(address: Address, host: Host): Promise<AddressVerdict> {
  const entry = host.store.entry(address);
  const covering: ReadonlySet<string> = new Set([address, withPrefix(address, 64)]);
  const facts = {
    address,
    permitted: entry !== undefined,
    barred: barredBy({ address }, host.config),
    entry,
    maps: await askMaps(host.config, entry?.address ?? address),
    events: lastEvents(host.store, (event) => covering.has(event.address)),
  };
  const isInMaps = facts.maps.every(({ holds }) => holds === true);
  return { ...facts, advice: adviceFor({ ...facts, isInMaps, command: `relaypass grant ${address}` }) };
}

export function userVerdict(user: string, { config, store }: Host): UserVerdict {
  const isUser = (name: string) => name.toLowerCase() === user.toLowerCase();
  const logins = store
    .entriesOfUser(user)
    .flatMap((entry) => entry.logins)
    .filter((login) => isUser(login.user));
  const facts = {
    user,
    permitted: logins.length > 0,
    barred: barredBy({ user }, config),
    logins,
    maxAddresses: config.admission.max_addresses_per_user,
    events: lastEvents(store, (event) => isUser(event.user)),
  };
  const command = `relaypass grant ADDRESS --user ${user}`;
  return { ...facts, advice: adviceFor({ ...facts, isInMaps: true, command }) };
}

const ANY_ADDRESS = '192.0.2.1'; // TEST-NET-1 of RFC 5737, where only the user is asked about

function barredBy(subject: { address?: Address; user?: string }, { admission, grace }: Config): string | undefined {
  const { address = ANY_ADDRESS, user = '-' } = subject;
  const rules = subject.address === undefined ? { ...admission, own_networks: [], never_networks: [] } : admission;
  const grant = { address, user, name: '-', graceMs: grace };
  const result = admitGrant(grant, admissionRules(rules, grace), systemClock());
  return 'refused' in result ? REFUSALS[result.refused] : undefined;
}

function lastEvents(store: Store, concerns: (event: TrailEvent) => boolean): TrailEvent[] {
  return store.events().events.filter(concerns).slice(-EVENTS_SHOWN);
}

async function askMaps(config: Config, address: Address): Promise<MapVerdict[]> {
  const tools = hostTools();
  const { targets, fault } = claimMaps(config, tools);
  const asked = await Promise.all(
    targets.map(async (target) => ({
      file: target.file,
      holds: await mapHolds(target, address, tools).catch((error: unknown) => {
        if (error instanceof MapError) return error.message;
        throw error;
      }),
    })),
  );
  return fault === undefined ? asked : [...asked, { file: undefined, holds: fault.message }];
}
