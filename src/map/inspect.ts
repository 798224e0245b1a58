import type { Address } from '../login/address.ts';
import { lookUp } from './lookup.ts';
import { asMapError } from './map-error.ts';
import { postmapTakes } from './mta-tool.ts';
import { renderRows } from './render.ts';
import type { MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

const TIMEOUT_MS = 30_000;

/**
 * Whether the map of `target` permits `address`, by the entry that we write for it; one of the admin's own may permit
 * or refuse it too.
 * @throws MapError where the map is missing or its tool cannot read it
 */
export async function mapHolds(target: MapTarget, address: Address, tools: MapTools): Promise<boolean> {
  const row = renderRows(target.form, [address]).find(({ key }) => target.builder !== 'postmap' || postmapTakes(key));
  if (row === undefined) return false;
  try {
    const value = await lookUp(target, target.path, row.key, { tools, timeoutMs: TIMEOUT_MS });
    if (target.form === 'poprelayd') return value !== undefined; // its rules look for the key alone
    return value === row.value;
  } catch (error) {
    throw asMapError(target, 'cannot be read', error);
  }
}
