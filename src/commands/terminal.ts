import { fstatSync } from 'node:fs';

/** What standard output is, and so how a listing is to look on it. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** Its width; undefined where there is no terminal, and nothing is cut. */
  readonly columns: number | undefined;
  readonly hasColours: boolean;
}

const STDOUT = 1;

/** Colours need a terminal that has them, and no NO_COLOR (no-color.org). */
export function terminalOf(): Terminal {
  // A terminal is a device, and no stream need be made for what is none. The numbers are bigints since Node 20 takes the
  // other ones, of a pipe, for those of the next folder that it follows to a module.
  const stream = fstatSync(STDOUT, { bigint: true }).isCharacterDevice() ? process.stdout : undefined;
  if (!stream?.isTTY) return { isTerminal: false, columns: undefined, hasColours: false };
  return { isTerminal: true, columns: stream.columns, hasColours: !process.env['NO_COLOR'] && stream.hasColors() };
}

/** How a word stands out. */
export type Tone = 'good' | 'doubtful' | 'bad' | 'faint' | 'strong';

const SGR: Readonly<Record<Tone, number>> = { good: 32, doubtful: 33, bad: 31, faint: 2, strong: 1 }; // ECMA-48 8.3.117

/** `text` in its tone, where the terminal has colours. */
export function paint(text: string, tone: Tone | undefined, { hasColours }: Pick<Terminal, 'hasColours'>): string {
  return hasColours && tone !== undefined ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text;
}
