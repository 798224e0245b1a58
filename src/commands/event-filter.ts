import { EXIT, OperationalError } from '../errors.ts';
import { encloses, parseNetwork } from '../login/network.ts';
import type { TrailEvent } from '../store/trail.ts';

export interface EventFilterArgs {
  readonly address: string | undefined;
  readonly user: string | undefined;
  readonly kind: readonly string[] | undefined;
}

/**
 * Which events of the audit trail are asked for: all that fit everything named.
 * @throws OperationalError exit 64 for an address that is none
 */
export function eventFilter({ address, user, kind }: EventFilterArgs): (event: TrailEvent) => boolean {
  const isThere = address === undefined ? () => true : placeFilter(address);
  const name = user?.toLowerCase();
  return (event) =>
    (kind === undefined || kind.includes(event.kind)) &&
    (name === undefined || event.user.toLowerCase() === name) &&
    isThere(event.address);
}

/** An event may be of a network, where `ipv6_prefix` is 64, and of a text that is no address at all. */
function placeFilter(wanted: string): (text: string) => boolean {
  const network = parseNetwork(wanted);
  if (network === undefined) {
    const message = `--address: expected an address or a network, found "${wanted}"`;
    throw new OperationalError('usage', EXIT.usage, message);
  }
  return (text) => {
    const place = parseNetwork(text);
    return place !== undefined && (encloses(network, place) || encloses(place, network));
  };
}
