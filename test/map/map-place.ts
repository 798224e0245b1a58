/** A real store, and beside it maps that stand-in tools build as plain text. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createAmender, type MapAmender } from '../../src/map/amend.ts';
import { createBuilder, type MapBuilder } from '../../src/map/build.ts';
import { Publisher, type PublisherOptions } from '../../src/map/publish.ts';
import type { MapTarget } from '../../src/map/target.ts';
import type { MapTools } from '../../src/map/tools.ts';
import { createLog } from '../../src/log.ts';
import { Place } from '../store/fixture.ts';
import { GOOD_EDITMAP, GOOD_MAKEMAP, setTool, standInTools } from './stand-in-tools.ts';

export class MapPlace extends Place {
  readonly folder: string;
  readonly #bin: string;
  readonly #publishers: Publisher[] = [];
  readonly tools: MapTools;
  readonly builder: MapBuilder;
  readonly amender: MapAmender;

  constructor(parent?: string) {
    super(parent);
    this.folder = path.join(this.parent, 'maps');
    this.#bin = path.join(this.parent, 'bin');
    for (const folder of [this.folder, this.#bin]) mkdirSync(folder, { recursive: true });
    this.tools = standInTools(this.#bin, { makemap: GOOD_MAKEMAP, editmap: GOOD_EDITMAP });
    this.builder = createBuilder(this.tools, 5000);
    this.amender = createAmender(this.tools, 5000);
  }

  get hash(): MapTarget {
    const file = path.join(this.folder, 'popauth');
    return { form: 'sendmail', type: 'hash', builder: 'makemap', path: file, file: `${file}.db` };
  }

  get text(): MapTarget {
    const file = path.join(this.folder, 'relay-addresses');
    return { form: 'text', type: 'text', builder: 'native', path: file, file };
  }

  removeEditmap(): void {
    rmSync(path.join(this.#bin, 'editmap'));
  }

  breakMakemap(script: string): void {
    setTool(this.#bin, 'makemap', script);
  }

  mendMakemap(): void {
    setTool(this.#bin, 'makemap', GOOD_MAKEMAP);
  }

  publisher(options: Pick<PublisherOptions, 'store'> & Partial<PublisherOptions>): Publisher {
    const log = createLog({ write: (line) => this.logged.push(line), priorities: false });
    const parts = { targets: [this.hash], builder: this.builder, clock: () => this.now, log, ...options };
    const publisher = new Publisher(parts);
    this.#publishers.push(publisher);
    return publisher;
  }

  /** Stops every publisher as well. */
  override async remove(): Promise<void> {
    for (const publisher of this.#publishers) await publisher.stop();
    await super.remove();
  }

  /** What another program, or an admin in haste, may do to a map. */
  overwrite(target: MapTarget, addresses: readonly string[]): void {
    const rows = addresses.map((address) => `${address}\tRELAY\n`).join('');
    writeFileSync(target.file, `${rows}relaypass:probe\tDUNNO\n`);
  }

  /** Whom a map permits; undefined where it is missing or no whole map. */
  permitted(target: MapTarget): string[] | undefined {
    if (!existsSync(target.file)) return undefined;
    const lines = readFileSync(target.file, 'utf8').split('\n').slice(0, -1);
    if (target.type === 'text') return lines;
    if (lines.pop() !== 'relaypass:probe\tDUNNO') return undefined;
    return lines.filter((line) => line.endsWith('\tRELAY')).map((line) => line.slice(0, -'\tRELAY'.length));
  }
}
