/** C0 and C1 controls, DEL, and the separators that some readers take for a line's end: no server's login has them. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Whether untrusted text could be more than one line to somebody, or move a terminal's cursor. */
export function hasControls(text: string): boolean {
  return CONTROLS.test(text);
}

/** A copy that does not keep the line alive that `text` was cut from: V8 lets a substring hold its whole. */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** `imap`, `pop3` or `smtp` for `imaps`, `imapd-ssl`, `ipop3d`, `POP3`, `courierpop3login`; else the text itself. */
export function serviceOf(text: string): string {
  const lower = text.toLowerCase();
  if (lower.includes('imap')) return 'imap';
  if (lower.includes('pop')) return 'pop3';
  return lower.includes('smtp') ? 'smtp' : lower;
}
