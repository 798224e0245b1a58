/**
 * Keeps an older map from replacing a newer one. The daemon, `purge` and the sweep timer may all publish; each builds
 * its map aside and then comes here, where LMDB's writer lock lets in one process at a time.
 *
 *     published  [map path]  -> FenceRecord
 */
import { statSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { Environment } from './lmdb.ts';
import { isRecord } from './meta.ts';
import { Records } from './records.ts';

/** What is known of a map file that was published. */
export interface Published {
  readonly generation: number;
  /** Whether the file is still the very one, by device, inode, size and time of change. */
  readonly intact: boolean;
}

interface FenceRecord {
  /** No map older than this may be published any more. */
  readonly fence: number;
  /** The generation that is in place and its file's stamp; null before the first. */
  readonly generation: number | null;
  readonly stamp: string | null;
}

export class Fence {
  readonly #environment: Environment;
  readonly #published: Records;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#published = new Records(environment.table('published'));
  }

  /**
   * Runs `replace`, which puts the map of `generation` at `mapPath`, unless a newer one is there or about to be. The
   * fence is committed before `replace` runs: a process that is killed in between leaves a map that counts as not
   * intact, and no older one gets past it. Rethrows what `replace` throws.
   */
  publish(mapPath: string, generation: number, replace: () => void): 'published' | 'stale' {
    this.raise(mapPath, generation);
    return this.#replace(mapPath, generation, replace) ? 'published' : 'stale';
  }

  /** Lets no map before `generation` be published any more: writes nothing where that is so already. */
  raise(mapPath: string, generation: number): void {
    this.#environment.write(() => {
      const record = this.#get(mapPath);
      if (record.fence < generation) this.#put(mapPath, { ...record, fence: generation });
    });
  }

  #replace(mapPath: string, generation: number, replace: () => void): boolean {
    return this.#environment.write(() => {
      if (this.#get(mapPath).fence > generation) return false;
      replace();
      this.#put(mapPath, { fence: generation, generation, stamp: stampOf(mapPath) ?? null });
      return true;
    });
  }

  /** The map last published at `mapPath`, undefined when there was none. */
  published(mapPath: string): Published | undefined {
    const { generation, stamp } = this.#environment.read(() => this.#get(mapPath));
    if (generation === null) return undefined;
    return { generation, intact: stamp !== null && stamp === stampOf(mapPath) };
  }

  /** The path of every map that was ever published. */
  files(): string[] {
    return this.#environment.read(() => Array.from(this.#published.keys(), ([mapPath]) => String(mapPath)));
  }

  #get(mapPath: string): FenceRecord {
    const value = this.#published.get([mapPath]);
    return isFenceRecord(value) ? value : { fence: 0, generation: null, stamp: null };
  }

  #put(mapPath: string, record: FenceRecord): void {
    this.#published.put([mapPath], record);
  }
}

function isFenceRecord(value: unknown): value is FenceRecord {
  if (!isRecord(value)) return false;
  const { fence, generation, stamp } = value;
  return (
    typeof fence === 'number' &&
    (generation === null || typeof generation === 'number') &&
    (stamp === null || typeof stamp === 'string')
  );
}

function stampOf(file: string): string | undefined {
  try {
    const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs].join(':');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
