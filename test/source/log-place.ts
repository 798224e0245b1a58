/** A log in a folder of its own, a clock that the test moves, and sources that read it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { createFileSource, type FileSourceOptions } from '../../src/source/file.ts';
import type { Checkpoint, LogSource, Notice } from '../../src/source/source.ts';

export let folder: string;
export let log: string;
export let now: number;
let open: LogSource[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-file-'));
  log = path.join(folder, 'mail.log');
  now = Date.now();
  open = [];
});
afterEach(async () => {
  for (const source of open) await source.stop();
  fs.rmSync(folder, { recursive: true });
});

interface Started {
  readonly checkpoint?: Checkpoint | undefined;
  readonly since?: number;
  readonly file?: string;
  readonly options?: Partial<FileSourceOptions>;
}

export async function start({ checkpoint, since = 0, file = log, options }: Started = {}): Promise<LogSource> {
  const source = createFileSource(file, { clock: () => now, watch: false, ...options });
  open.push(source);
  await source.start(checkpoint, since);
  return source;
}

interface Seen {
  text: string;
  readonly notices: Notice[];
  checkpoint: Checkpoint | undefined;
}

/** Everything there is to read now. */
export async function readAll(source: LogSource): Promise<Seen> {
  const seen: Seen = { text: '', notices: [], checkpoint: undefined };
  for (let batch = await source.read(); batch !== undefined; batch = await source.read()) {
    if (batch.kind === 'lines') seen.text += batch.bytes.toString();
    seen.notices.push(...batch.notices);
    seen.checkpoint = batch.checkpoint;
  }
  return seen;
}

/** A source that has read `text`, all of the log. */
export async function haveRead(text: string): Promise<LogSource> {
  append(text);
  const source = await start();
  await readAll(source);
  return source;
}

export function kindsOf({ notices }: Seen): Notice['kind'][] {
  return notices.map(({ kind }) => kind);
}

export function append(text: string, file = log): void {
  fs.appendFileSync(file, text);
}

export function passTime(ms: number): void {
  now += ms;
}
