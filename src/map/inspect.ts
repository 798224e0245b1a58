/**
 * Looks into a map that stands, as its MTA's tool reads it: for a person who asks, so the whole map is dumped where the
 * tool has no better way.
 */
import { readFile } from 'node:fs/promises';
import type { Address } from '../login/address.ts';
import { lookupCdb } from './cdb.ts';
import { asMapError, MapError } from './map-error.ts';
import { renderMap } from './render.ts';
import { runTool } from './run-tool.ts';
import type { MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

const TIMEOUT_MS = 30_000;
const MAX_DUMP_BYTES = 256 * 1024 * 1024; // some five million rows

/**
 * Whether the map of `target` permits `address`.
 * @throws MapError where the map is missing or its tool cannot read it
 */
export async function mapHolds(target: MapTarget, address: Address, tools: MapTools): Promise<boolean> {
  const [row] = renderMap(target.form, [address]);
  if (row === undefined) return false;
  if (target.type === 'cdb') return lookupCdb(await read(target), row.key) === row.value;
  const text = target.type === 'text' ? (await read(target)).toString() : await dump(target, tools);
  const line = target.type === 'text' ? row.key : `${row.key}\t${row.value}`;
  return text.toLowerCase().split('\n').includes(line.toLowerCase()); // makemap and postmap fold keys
}

async function read(target: MapTarget): Promise<Buffer> {
  return readFile(target.file).catch((error: unknown) => {
    throw asMapError(target, 'cannot be read', error);
  });
}

async function dump(target: MapTarget, tools: MapTools): Promise<string> {
  const { type, path } = target;
  const tool = target.form === 'sendmail' ? 'makemap' : 'postmap';
  const command = tools.find(tool);
  if (command === undefined) throw new MapError(target, `${tool} was not found on this host`);
  const args = tool === 'makemap' ? ['-C', '/dev/null', '-u', type, path] : ['-s', `${type}:${path}`];
  const run = { command, args, cwd: '/', env: tools.env, timeoutMs: TIMEOUT_MS, maxStdoutBytes: MAX_DUMP_BYTES };
  const { fault, stdout } = await runTool(run);
  if (fault !== undefined) throw new MapError(target, `${command} ${fault}`);
  return stdout;
}
