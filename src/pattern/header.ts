/**
 * The header of a log line: who wrote it and where its message starts. Patterns see the message alone, so that nothing
 * in a header can be taken for a login and no pattern needs to know how a host stamps its lines.
 *
 *     [<PRI>]STAMP HOST TAG[PID]: MESSAGE     RFC 3164, and RFC 3339 stamps as rsyslog writes them
 *     <PRI>1 STAMP HOST TAG PID MSGID SD MSG  RFC 5424
 *     STAMP TAG[PID]: MESSAGE                 no host: busybox syslogd -S, or a server's own file
 *     TAG: STAMP MESSAGE                      Dovecot 1.x, own file
 *     STAMP [TAG]: MESSAGE                    Courier and Qpopper, own files
 *
 * Quirks that are read over: busybox puts `facility.level` before the tag; Solaris puts `[ID n facility.level]` after
 * it; nginx writes its host's name into its packet, so its tag is the host, maybe with the domain that the logger leaves
 * out, and its name stands in the message. Any other tag in a message is text of whoever wrote it.
 *
 * It works on bytes and allocates nothing, since a mail log has a hundred lines for each login. The fields hold until
 * the next `read`.
 *
 * Limits: a tag is at most 48 bytes (RFC 5424); a host whose name ends with a colon is not seen as a host. Where a
 * logger writes no host, a program whose tag no colon ends (`STAMP webapp dovecot: ...`) is taken for one: a program on
 * the host can write what it likes into a plain file by `logger -t dovecot` just as well.
 */
import {
  BACKSLASH,
  BRACKET,
  COLON,
  DASH,
  DIGIT_0,
  DIGIT_1,
  DOT,
  END_BRACKET,
  GREATER,
  isDigit,
  LESS,
  LETTER_D,
  LETTER_I,
  nextByte,
  QUOTE,
  SPACE,
} from './bytes.ts';
import { isOwnStamp, StampReader, stampEndAt } from './stamp.ts';

/** Reads headers, one after the other; the fields are of the line read last. */
export class HeaderReader {
  bytes: Buffer = Buffer.alloc(0);
  /** Half-open ranges in `bytes`. An empty host: the line has none. */
  stampStart = 0;
  stampEnd = 0;
  hostStart = 0;
  hostEnd = 0;
  tagStart = 0;
  tagEnd = 0;
  messageStart = 0;
  /** Where the message starts when the line is of a server's own file: a tag that a colon ends belongs to it. */
  ownMessageStart = 0;
  end = 0;
  pid: number | undefined;
  readonly #stamps: StampReader;

  /** With `stamps` that somebody else reads by too, each minute is parsed once. */
  constructor(stamps = new StampReader()) {
    this.#stamps = stamps;
  }

  /** Whether `bytes` from `start` to `end` (exclusive, no LF) start with a header. */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.end = end;
    this.pid = undefined;
    const afterPriority = this.#priority(start);
    const hasVersion = bytes[afterPriority] === DIGIT_1 && bytes[afterPriority + 1] === SPACE;
    if (hasVersion && afterPriority > start) return this.#rfc5424(afterPriority + 2);
    this.stampStart = afterPriority;
    this.stampEnd = stampEndAt(bytes, afterPriority, end);
    if (this.stampEnd < 0) return this.#tagBeforeStamp(afterPriority);
    return this.#afterStamp(this.stampEnd + 1);
  }

  /** The instant of the line, undefined where its stamp names none. */
  at(now: number): number | undefined {
    return this.#stamps.at(this.bytes, this.stampStart, this.stampEnd, now);
  }

  get tag(): string {
    return this.bytes.toString('latin1', this.tagStart, this.tagEnd);
  }

  get host(): string {
    return this.bytes.toString('latin1', this.hostStart, this.hostEnd);
  }

  /** Whether the line could be of a server's own file: it names no host. */
  get isOwn(): boolean {
    return this.hostStart === this.hostEnd;
  }

  /** `<22>`: three digits at most. */
  #priority(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== LESS) return start;
    let at = start + 1;
    while (at < start + 4 && isDigit(bytes[at])) at++;
    return bytes[at] === GREATER && at > start + 1 ? at + 1 : start;
  }

  #next(byte: number, from: number): number {
    return nextByte(this.bytes, byte, from, this.end);
  }

  #afterStamp(start: number): boolean {
    this.hostStart = start;
    this.hostEnd = start;
    if (this.bytes[start] === BRACKET) return this.#bracketedTag(start);
    const hostEnd = this.#next(SPACE, start);
    if (hostEnd < 0) return false;
    if (this.bytes[hostEnd - 1] === COLON) return this.#ownTag(start);
    if (isOwnStamp(this.bytes, this.stampStart, this.stampEnd)) return this.#untagged(start);
    this.hostEnd = hostEnd;
    return this.#tagAt(this.#afterFacility(hostEnd + 1)) && this.#overHostAsTag();
  }

  /** `mail.info ` of busybox. */
  #afterFacility(start: number): number {
    const { bytes } = this;
    const space = this.#next(SPACE, start);
    if (space < 0 || bytes[space - 1] === COLON) return start;
    if (space - start > FACILITY_LEVEL_BYTES || nextByte(bytes, DOT, start, space) < 0) return start;
    return FACILITY_LEVEL.test(bytes.toString('latin1', start, space)) ? space + 1 : start;
  }

  /** `TAG[PID]: ` or a TAG that a space ends. */
  #tagAt(start: number): boolean {
    const { bytes } = this;
    this.tagStart = start;
    let at = start;
    while (at < this.end && at - start <= TAG_BYTES && !endsTag(bytes[at])) at++;
    this.tagEnd = at;
    if (at === start || at - start > TAG_BYTES) return false;
    if (bytes[at] === BRACKET) at = this.#pidAt(at + 1);
    if (at < 0) return false;
    if (bytes[at] === COLON) at++;
    return this.#messageAt(at);
  }

  #pidAt(start: number): number {
    const { bytes } = this;
    let pid = 0;
    let at = start;
    for (; at < start + PID_DIGITS && isDigit(bytes[at]); at++) pid = pid * 10 + (bytes[at] ?? 0) - DIGIT_0;
    if (at === start || bytes[at] !== END_BRACKET) return -1;
    this.pid = pid;
    return at + 1;
  }

  #messageAt(start: number): boolean {
    this.messageStart = this.bytes[start] === SPACE ? start + 1 : start;
    if (this.bytes[this.messageStart] === BRACKET) this.#skipSolarisId();
    this.ownMessageStart = this.messageStart;
    return this.messageStart < this.end;
  }

  #skipSolarisId(): void {
    const { bytes, messageStart } = this;
    if (bytes[messageStart + 1] !== LETTER_I || bytes[messageStart + 2] !== LETTER_D) return;
    const close = this.#next(END_BRACKET, messageStart);
    if (close > 0 && bytes[close + 1] === SPACE) this.messageStart = close + 2;
  }

  /** `mx mx nginx: ...`, `mx mx.example.org nginx: ...`: the tag is the host again, and nginx's own follows. */
  #overHostAsTag(): boolean {
    const { bytes, hostStart, hostEnd, tagStart, tagEnd } = this;
    const nameEnd = tagStart + hostEnd - hostStart;
    if (bytes[tagEnd] !== SPACE || (nameEnd !== tagEnd && bytes[nameEnd] !== DOT)) return true;
    for (let at = 0; at < hostEnd - hostStart; at++) {
      if (bytes[hostStart + at] !== bytes[tagStart + at]) return true;
    }
    const { messageStart, pid } = this;
    if (this.#tagAt(messageStart) && this.#isTag(NGINX)) return true;
    this.tagStart = tagStart;
    this.tagEnd = tagEnd;
    this.pid = pid;
    return this.#messageAt(messageStart);
  }

  #isTag(name: Buffer): boolean {
    return this.bytes.compare(name, 0, name.length, this.tagStart, this.tagEnd) === 0;
  }

  #rfc5424(start: number): boolean {
    this.stampStart = start;
    this.stampEnd = this.#next(SPACE, start);
    this.hostStart = this.stampEnd + 1;
    this.hostEnd = this.stampEnd < 0 ? -1 : this.#next(SPACE, this.hostStart);
    this.tagStart = this.hostEnd + 1;
    this.tagEnd = this.hostEnd < 0 ? -1 : this.#next(SPACE, this.tagStart);
    const pidEnd = this.tagEnd < 0 ? -1 : this.#next(SPACE, this.tagEnd + 1);
    const messageIdEnd = pidEnd < 0 ? -1 : this.#next(SPACE, pidEnd + 1);
    const dataEnd = messageIdEnd < 0 ? -1 : this.#structuredDataEnd(messageIdEnd + 1);
    if (dataEnd < 0 || this.bytes[dataEnd] !== SPACE) return false;
    const pid = this.bytes.toString('latin1', this.tagEnd + 1, pidEnd);
    this.pid = /^\d{1,10}$/.test(pid) ? Number(pid) : undefined;
    return this.#rfc5424Message(dataEnd + 1);
  }

  /** rsyslog leaves the space that followed the tag at the start of MSG; a BOM may say that MSG is UTF-8. */
  #rfc5424Message(start: number): boolean {
    const { bytes } = this;
    const hasBom = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
    return this.#messageAt(hasBom ? start + 3 : start) && this.#overHostAsTag();
  }

  #structuredDataEnd(start: number): number {
    const { bytes } = this;
    if (bytes[start] === DASH) return start + 1;
    let at = start;
    while (bytes[at] === BRACKET && at < this.end) at = this.#elementEnd(at + 1);
    return at === start || at >= this.end ? -1 : at;
  }

  /** Past the `]` of an element; one inside quotes does not end it. */
  #elementEnd(start: number): number {
    const { bytes } = this;
    let quoted = false;
    let at = start;
    for (; at < this.end && (quoted || bytes[at] !== END_BRACKET); at++) {
      if (quoted && bytes[at] === BACKSLASH) at++;
      else if (bytes[at] === QUOTE) quoted = !quoted;
    }
    return at + 1;
  }

  #ownTag(start: number): boolean {
    if (!this.#tagAt(start)) return false;
    this.ownMessageStart = start;
    return true;
  }

  /** Own files: `dovecot: 2006-02-20 10:00:00 Info: ...`. */
  #tagBeforeStamp(start: number): boolean {
    this.tagStart = start;
    const colon = this.#next(COLON, start);
    if (colon - start > TAG_BYTES || colon <= start || this.bytes[colon + 1] !== SPACE) return false;
    this.tagEnd = colon;
    this.stampStart = colon + 2;
    this.stampEnd = stampEndAt(this.bytes, this.stampStart, this.end);
    this.hostStart = this.stampEnd;
    this.hostEnd = this.stampEnd;
    return this.stampEnd > 0 && this.#messageAt(this.stampEnd);
  }

  /** Own files: `[imapd]: LOGIN`, `[popper] (v4) POP login`, and without a tag `[1234]  Stats:`. */
  #bracketedTag(start: number): boolean {
    const close = this.#next(END_BRACKET, start);
    if (close < 0 || close - start > TAG_BYTES) return false;
    this.tagStart = start + 1;
    this.tagEnd = isDigit(this.bytes[start + 1]) ? this.tagStart : close;
    let at = close + 1;
    if (this.bytes[at] === COLON) at++;
    while (this.bytes[at] === SPACE) at++;
    return this.#messageAt(at);
  }

  #untagged(start: number): boolean {
    this.tagStart = start;
    this.tagEnd = start;
    return this.#messageAt(start);
  }
}

/** When `line` (without LF) was logged, epoch milliseconds; undefined where it has no header. */
export function stampOf(line: Buffer, now: number): number | undefined {
  return READER.read(line, 0, line.length) ? READER.at(now) : undefined;
}

const READER = new HeaderReader(); // it remembers the last minute

const TAG_BYTES = 48;
const PID_DIGITS = 10;
const NGINX = Buffer.from('nginx');
/** The names of <syslog.h>, as a regex. */
export const FACILITIES = 'auth|authpriv|cron|daemon|ftp|kern|local[0-7]|lpr|mail|news|security|syslog|user|uucp';
const LEVELS = 'alert|crit|debug|emerg|err|error|info|notice|panic|warn|warning';
const FACILITY_LEVEL = new RegExp(`^(?:${FACILITIES})\\.(?:${LEVELS})$`);
const FACILITY_LEVEL_BYTES = 16;

function endsTag(byte: number | undefined): boolean {
  return byte === SPACE || byte === COLON || byte === BRACKET;
}
