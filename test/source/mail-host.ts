/**
 * A mail host's log folder as a model: it does to real files what loggers, logrotate and admins do, and knows of each
 * line where it still can be read.
 */
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** What a file holds, whatever its names are. */
interface Content {
  /** Whole lines, without LF. */
  lines: string[];
  /** A reader or a copy has seen an unfinished line at its end. */
  isInsideLine?: boolean;
  /** It was truncated inside a line, as far as a reader can tell: what follows may be the rest of that. */
  mayBeginInsideLine?: boolean;
}

interface Writer {
  readonly fd: number;
  readonly content: Content;
  /** The end of the last line is still to be written. */
  partial: { line: string; rest: string } | undefined;
  position: number;
}

export class MailHost {
  readonly folder: string;
  readonly log: string;
  readonly written: string[] = [];
  /** What is left of lines that were torn by a truncation: no line, but it may look like one. */
  readonly fragments = new Set<string>();
  /** Lines that a reader must take for the rest of one that was cut. */
  readonly mayBeSkipped = new Set<string>();
  /** Lines that were copied before they were read, and could be read before the copy's original was truncated. */
  readonly copiedUnread = new Set<string>();
  readonly #contents = new Map<string, Content>();
  readonly #appends: boolean;
  readonly #old: Writer[] = [];
  #writer: Writer | undefined;
  #lines = 1_000_000;
  #days = 0;
  #targets = 0;
  readonly #clock: () => number;

  constructor(folder: string, appends: boolean, clock: () => number) {
    this.folder = folder;
    this.#clock = clock;
    this.log = path.join(folder, 'mail.log');
    this.#appends = appends;
  }

  write(count: number, padding: number): void {
    for (let i = 0; i < count; i += 1) this.#writeLine(padding);
  }

  /** Writes the beginning of a line; the next write ends it. */
  writePartial(padding: number): void {
    const writer = this.#openWriter();
    if (writer.partial !== undefined) return;
    const line = this.#newLine(padding);
    const cut = 1 + (line.length % (line.length - 1));
    this.#append(writer, line.slice(0, cut));
    writer.partial = { line, rest: line.slice(cut) };
  }

  /** A second process of the logger, which still has the file that was rotated away. */
  writeLate(): boolean {
    const late = this.#old.at(-1);
    if (late === undefined || late.content === this.#writer?.content) return false;
    if (![...this.#contents.values()].includes(late.content)) return false;
    this.#finishLine(late);
    this.#append(late, `${this.#completed(late.content, this.#newLine(3))}\n`);
    return true;
  }

  rotate(style: 'number' | 'date'): void {
    if (!this.#contents.has(this.log)) return;
    if (style === 'date') {
      this.#days += 1;
      return this.#rename(this.log, `${this.log}-202611${String(this.#days).padStart(2, '0')}`);
    }
    this.#shift();
    this.#rename(this.log, `${this.log}.1`);
  }

  create(): void {
    if (this.#contents.has(this.log)) return;
    fs.closeSync(fs.openSync(this.log, 'a'));
    this.#contents.set(this.log, { lines: [] });
  }

  /** The logger opens its log anew, as after SIGHUP. */
  reopen(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#finishLine(writer);
    this.#old.push(writer);
    this.#writer = undefined;
    this.#openWriter();
  }

  copy(): void {
    const content = this.#contents.get(this.log);
    if (content === undefined) return;
    this.#shift();
    fs.copyFileSync(this.log, `${this.log}.1`);
    this.#touch(`${this.log}.1`);
    this.#contents.set(`${this.log}.1`, { lines: [...content.lines] });
    content.isInsideLine ||= this.#hasPartial(content);
  }

  truncate(): void {
    const content = this.#contents.get(this.log);
    if (content === undefined) return;
    fs.truncateSync(this.log, 0);
    content.lines = [];
    content.mayBeginInsideLine = content.isInsideLine === true && !this.#hasPartial(content);
    for (const writer of this.#writers()) {
      if (writer.content !== content || writer.partial === undefined) continue;
      this.fragments.add(writer.partial.rest);
      writer.partial.line = '';
    }
  }

  /** Truncates, and writes until the file has the size that it had. */
  truncateToSameSize(): void {
    if (!this.#contents.has(this.log) || this.#writer?.content !== this.#contents.get(this.log)) return;
    this.#finishLine(this.#openWriter());
    const { size } = fs.statSync(this.log);
    this.truncate();
    const least = this.#newLine(0).length + 1;
    for (let left = size; left >= least;) {
      const length = left >= 2 * least ? least : left;
      this.#writeLine(length - least);
      left -= length;
    }
  }

  switchSymlink(): void {
    this.#targets += 1;
    const target = path.join(this.folder, `target-${this.#targets}`);
    fs.closeSync(fs.openSync(target, 'a'));
    const next = path.join(this.folder, 'next');
    fs.symlinkSync(target, next);
    if (this.#contents.has(this.log) && !fs.lstatSync(this.log).isSymbolicLink()) this.rotate('number');
    fs.renameSync(next, this.log);
    const content = { lines: [] };
    this.#contents.set(target, content);
    this.#contents.set(this.log, content);
  }

  unlink(): void {
    if (this.#contents.has(this.log)) this.#unlink(this.log);
  }

  compress(): void {
    const open = new Set(this.#writers().map(({ content }) => content));
    const file = this.#rotated().find((name) => !name.endsWith('.gz') && !open.has(this.#contentOf(name)));
    if (file === undefined || fs.lstatSync(file).isSymbolicLink()) return;
    fs.writeFileSync(`${file}.gz`, gzipSync(fs.readFileSync(file)));
    this.#touch(`${file}.gz`, fs.statSync(file).mtimeMs);
    this.#contents.set(`${file}.gz`, { lines: [...this.#contentOf(file).lines] });
    this.#unlink(file);
  }

  removeOldest(): void {
    const oldest = this.#rotated()[0];
    if (oldest !== undefined) this.#unlink(oldest);
  }

  /** What a reader finds by the log's name, its rotated siblings' and those that it remembers. */
  reachable(remembered: readonly string[]): Set<Content> {
    const names = [this.log, ...this.#rotated(), ...remembered];
    return new Set(names.flatMap((name) => this.#contents.get(name) ?? []));
  }

  /** A copy made of an unread log, and one that begins with the hole of a writer which does not append, look new. */
  mayRepeat(line: string): boolean {
    return !this.#appends || this.copiedUnread.has(line);
  }

  /** A reader has read to the end of all that it can reach; inside a line that was cut it stays until a whole one comes. */
  noteRead(contents: Iterable<Content>): void {
    for (const content of contents) {
      content.isInsideLine = this.#hasPartial(content) || content.mayBeginInsideLine === true;
    }
  }

  close(): void {
    for (const { fd } of this.#writers()) fs.closeSync(fd);
  }

  /** Ends every line that was begun. */
  finish(): void {
    for (const writer of this.#writers()) this.#finishLine(writer);
  }

  #hasPartial(content: Content): boolean {
    return this.#writers().some((writer) => writer.content === content && writer.partial !== undefined);
  }

  #writers(): Writer[] {
    return this.#writer === undefined ? this.#old : [...this.#old, this.#writer];
  }

  #openWriter(): Writer {
    if (this.#writer !== undefined) return this.#writer;
    this.create();
    const fd = fs.openSync(this.log, this.#appends ? 'a' : 'r+');
    const position = fs.fstatSync(fd).size;
    this.#writer = { fd, content: this.#contentOf(this.log), partial: undefined, position };
    return this.#writer;
  }

  #writeLine(padding: number): void {
    const writer = this.#openWriter();
    this.#finishLine(writer);
    this.#append(writer, `${this.#completed(writer.content, this.#newLine(padding))}\n`);
  }

  #finishLine(writer: Writer): void {
    const { partial } = writer;
    if (partial === undefined) return;
    writer.partial = undefined;
    this.#append(writer, `${partial.rest}\n`);
    if (partial.line !== '') this.#completed(writer.content, partial.line);
  }

  #newLine(padding: number): string {
    this.#lines += 1;
    return `${this.#clock()} mx ${this.#lines}${'x'.repeat(padding)}`;
  }

  /** Files are last written to by the clock of their lines. */
  #touch(file: string, writtenAt = this.#clock()): void {
    fs.utimesSync(file, writtenAt / 1000, writtenAt / 1000);
  }

  #completed(content: Content, line: string): string {
    if (content.mayBeginInsideLine === true) this.mayBeSkipped.add(line);
    content.mayBeginInsideLine = false;
    content.lines.push(line);
    this.written.push(line);
    return line;
  }

  #append(writer: Writer, text: string): void {
    if (this.#appends) fs.writeSync(writer.fd, text);
    else fs.writeSync(writer.fd, text, writer.position);
    writer.position += text.length;
    fs.futimesSync(writer.fd, this.#clock() / 1000, this.#clock() / 1000);
  }

  /** Oldest first, as far as names tell. */
  #rotated(): string[] {
    const dated = [...this.#contents.keys()].filter((name) => name.startsWith(`${this.log}-`)).toSorted();
    return [...dated, ...this.#numbered()];
  }

  #numbered(): string[] {
    const numbered = [...this.#contents.keys()].filter((name) => name.startsWith(`${this.log}.`));
    return numbered.toSorted((a, b) => numberOf(b) - numberOf(a));
  }

  #shift(): void {
    for (const name of this.#numbered()) {
      const [, number, suffix = ''] = /\.(\d+)(\.gz)?$/.exec(name) ?? [];
      this.#rename(name, `${this.log}.${Number(number) + 1}${suffix}`);
    }
  }

  #contentOf(name: string): Content {
    const content = this.#contents.get(name);
    if (content === undefined) throw new Error(`the model has no ${name}`);
    return content;
  }

  #rename(from: string, to: string): void {
    fs.renameSync(from, to);
    this.#contents.set(to, this.#contentOf(from));
    this.#contents.delete(from);
  }

  #unlink(name: string): void {
    fs.unlinkSync(name);
    this.#contents.delete(name);
  }
}

/** When a line of a {@link MailHost} was logged. */
export function stampOf(line: string): number | undefined {
  const [, stamp] = /^(\d+) mx \d/.exec(line) ?? [];
  return stamp === undefined ? undefined : Number(stamp);
}

function numberOf(name: string): number {
  return Number(/\.(\d+)(?:\.gz)?$/.exec(name)?.[1]);
}
