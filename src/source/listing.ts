/** What stands in a log's folder at one moment: the log itself and its siblings. */
import fs from 'node:fs';
import { inodeOf, unavailable, type Unavailable } from './body.ts';
import { listSiblings, type Sibling } from './siblings.ts';

export interface Listing {
  /** Of the file that the log's name leads to, undefined where there is none or it may not be looked at. */
  readonly inode: string | undefined;
  readonly trouble: Unavailable | undefined;
  readonly siblings: readonly Sibling[];
}

export function list(log: string, hints: readonly string[]): Listing {
  const { inode, trouble } = inodeAt(log);
  return { inode, trouble, siblings: listSiblings(log, hints).filter((sibling) => sibling.inode !== inode) };
}

/** The file that a log's name leads to, or why that cannot be told. */
export function inodeAt(log: string): Pick<Listing, 'inode' | 'trouble'> {
  try {
    return { inode: inodeOf(fs.statSync(log, { bigint: true })), trouble: undefined };
  } catch (error) {
    return { inode: undefined, trouble: unavailable(error, log) };
  }
}

/** A change within this time after another may bear the same time: clocks of file systems tick every 1 to 10 ms. */
const TICK_MS = 20;

/**
 * Differs when `log` is written to, truncated, or another file; undefined where that may not show, since it has just
 * been changed or cannot be looked at.
 */
export function sightOf(log: string): string | undefined {
  try {
    const stats = fs.statSync(log, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined || Number(stats.ctimeMs) > Date.now() - TICK_MS) return undefined;
    return [inodeOf(stats), stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
  } catch (error) {
    unavailable(error, log);
    return undefined;
  }
}

/** Differs when a file came, went or was renamed. */
export function namesOf({ inode, siblings }: Listing): string {
  return [inode, ...siblings.map((sibling) => `${sibling.path} ${sibling.inode}`)].join('\n');
}

/** Differs when a file came, went, or was changed; but not when one of those was written to that are read anyway. */
export function contentsOf({ inode, siblings }: Listing, isRead: (inode: string) => boolean): string {
  const keys = siblings.map((sibling) => {
    return isRead(sibling.inode) ? sibling.inode : `${sibling.inode} ${sibling.sizeBytes} ${sibling.changedAt}`;
  });
  return [inode, ...keys].join('\n');
}
