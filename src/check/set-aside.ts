import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setAsideStores } from '../store/prepare.ts';
import { warning, type Finding } from './finding.ts';

/** A damaged store that the daemon has set aside. */
export interface SetAside {
  readonly folder: string;
  /** What it takes on the disk. */
  readonly bytes: number;
}

/** The damaged stores that stand beside the one in `dir`. */
export function setAsides(dir: string): SetAside[] {
  return setAsideStores(dir).map((folder) => {
    const sizes = readdirSync(folder).map((name) => statSync(path.join(folder, name)).blocks * BLOCK_BYTES);
    return { folder, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  });
}

const BLOCK_BYTES = 512; // stat(2)
const MIB = 1_048_576;

/** What to say of them; nothing where there are none. */
export function aboutSetAside(stores: readonly SetAside[]): Finding[] {
  if (stores.length === 0) return [];
  const bytes = stores.reduce((sum, each) => sum + each.bytes, 0);
  const size = `${Math.ceil(bytes / MIB)} MiB`;
  const what = `damaged stores were set aside and take ${size}: purges from before are forgotten`;
  return [warning(what, `purge again who must stay out, then rm -r ${stores.map(({ folder }) => folder).join(' ')}`)];
}
