/** The bytes that the header of a log line is read by: ASCII, whatever the rest of the line is. */
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const DIGIT_0 = 0x30;
export const DIGIT_1 = 0x31;
export const COLON = 0x3a;
export const LESS = 0x3c;
export const GREATER = 0x3e;
export const LETTER_D = 0x44;
export const LETTER_I = 0x49;
export const LETTER_T = 0x54;
export const BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const END_BRACKET = 0x5d;

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_0 + 9;
}

/** Where `byte` is next, from `from` to `end`; -1 where it is further away than any part of a header is long. */
export function nextByte(bytes: Buffer, byte: number, from: number, end: number): number {
  const limit = Math.min(end, from + TOKEN_BYTES);
  for (let at = from; at < limit; at++) if (bytes[at] === byte) return at;
  return -1;
}

/** No host name (255, RFC 1035) or time stamp is longer. */
const TOKEN_BYTES = 256;
