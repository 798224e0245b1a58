/** Which logins an admin means. */
import { withPrefix, type Address } from '../login/address.ts';
import type { Evidence } from '../login/login.ts';
import { contains, type Network } from '../login/network.ts';
import type { Logins } from './logins.ts';
import type { Stored } from './record.ts';

/** What a purge takes: the entries of an address, of a network, of a user, the past ones, or all. */
export type Selector =
  /** With `by` only the logins that are believed for that. */
  | { readonly address: Address; readonly by?: Evidence['by'] }
  | { readonly network: Network }
  | { readonly user: string }
  /** What other nodes of the cluster saw. */
  | { readonly remote: true }
  | { readonly expired: true }
  | { readonly all: true };

/** The logins that `selector` names, but for the past ones. */
export function selected(logins: Logins, selector: Exclude<Selector, { expired: true }>): Stored[] {
  if ('address' in selector) {
    const { address, by } = selector;
    return covering(logins, address).filter(({ login }) => by === undefined || by === login.evidence.by);
  }
  if ('user' in selector) return logins.of(selector.user);
  const all = [...logins.all()];
  if ('remote' in selector) return all.filter(({ login }) => login.node !== undefined);
  return 'network' in selector ? all.filter(({ login }) => contains(selector.network, login.address)) : all;
}

/** The logins at `address` and at its network. */
export function covering(logins: Logins, address: Address): Stored[] {
  const network = withPrefix(address, 64);
  return network === address ? logins.at(address) : [...logins.at(address), ...logins.at(network)];
}
