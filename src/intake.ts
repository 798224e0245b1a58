/**
 * One source's way into the store: read a batch, match it, admit its logins, commit them together with the checkpoint
 * behind them. One transaction holds both, so a kill -9 anywhere neither loses a login nor repeats one.
 *
 * Each read that found logins is committed at once while the log is followed. Behind, when reads come back full, one
 * commit is for up to a second, {@link BEHIND}'s bytes or logins: commits are most of what a backlog costs.
 *
 * Limits: the checkpoint of lines that held no login is committed once a second, not with each batch; after a crash
 * such lines are read again, which yields nothing again.
 */
import type { Clock } from './clock.ts';
import type { Config } from './config/schema.ts';
import { rateLimited, type Log } from './log.ts';
import { parseAddress } from './login/address.ts';
import { admissionRules, admit, REFUSALS, type AdmissionRules, type Refused } from './login/admission.ts';
import type { Login, Logout } from './login/login.ts';
import type { Match } from './pattern/match.ts';
import type { Matcher } from './pattern/matcher.ts';
import { countOutcome, LOSSES, type SourceTally, type Tally } from './metrics/tally.ts';
import { PendingLogins } from './pending-logins.ts';
import { progressSchema, type Progress } from './progress.ts';
import type { Batch, LogSource, Notice } from './source/source.ts';
import type { Outcome } from './store/outcome.ts';
import type { Store } from './store/store.ts';
import type { TrailEvent } from './store/trail.ts';
import { othersFirst } from './turn.ts';

const SAVE_EVERY_MS = 1000; // a durable commit for each line of a busy log without logins would wear the disk
const WARN_EVERY_MS = 3_600_000; // one warning an hour for the same user and reason
const BEHIND = {
  readBytes: 32_768, // a greater read has hardly come to the end of the log; the next one tells, and at once
  savedBytes: 67_108_864, // what a crash can make it read again
  logins: 4000, // with logouts; they are committed in one go, which lookups wait for, and are in the memory until then
};
const MAX_REFUSED = 1000; // between two commits; more tell an admin nothing

export interface IntakeParts {
  readonly source: LogSource;
  readonly matcher: Matcher;
  readonly config: Pick<Config, 'grace' | 'admission'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly tally: Tally;
  /** Called after a commit that let another address in. */
  readonly onGranted: () => void;
  /** Called each time the source was read and what it held was dealt with. */
  readonly onRound: () => void;
  /** Called, maybe more than once, when the source can never give another line. */
  readonly onEnded: () => void;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #rules: AdmissionRules;
  readonly #warn: ReturnType<typeof rateLimited>;
  readonly #stopping = new AbortController();
  readonly #pending = new PendingLogins();
  /** Not urgent, so they wait for the next commit. */
  #logouts: Logout[] = [];
  #unsaved: Omit<Progress, 'matcher'> | undefined;
  #unsavedBytes = 0;
  #savedAt = 0;
  #lastMatchAt: number | undefined;
  /** For the audit trail, by what makes a refusal another one. */
  readonly #refused = new Map<string, TrailEvent>();
  readonly #counted: SourceTally;
  #seenLines = { lines: 0, refused: 0 };

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#rules = admissionRules(parts.config.admission, parts.config.grace);
    this.#warn = rateLimited(parts.log, parts.clock, WARN_EVERY_MS);
    this.#counted = parts.tally.source(parts.source.id, parts.clock());
  }

  /**
   * Takes the source up where the store's checkpoint says. A login from before the grace permits nobody any more; a logout
   * ends nothing then but a session that the store has open, since a login that is still to be read comes before its own.
   */
  async start(): Promise<void> {
    const { source, matcher, store, config, clock } = this.#parts;
    const saved = progressSchema.safeParse(store.checkpoint(source.id)).data;
    if (saved !== undefined) matcher.restore(saved.matcher);
    this.#lastMatchAt = saved?.lastMatchAt;
    this.#counted.lastLoginAt ??= saved?.lastMatchAt;
    const since = clock() - config.grace;
    const sessions = store.openSessions();
    matcher.awaitSessions(sessions, since);
    await source.start(saved?.source, sessions.length === 0 ? since : clock() - this.#longestMs);
  }

  /** How long a login can permit at most. */
  get #longestMs(): number {
    const { grace, admission } = this.#parts.config;
    return Math.max(grace, admission.max_session);
  }

  /** Reads until {@link stop}; rejects when the source or the store fails, which must end the process. */
  async run(): Promise<void> {
    const { source } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const batch = await source.read();
      if (batch === undefined) this.#counted.caughtUpAt = this.#parts.clock();
      else this.#take(batch);
      const recorded = this.#isSaveDue(batch) ? this.#save() : [];
      if (batch !== undefined) await othersFirst();
      this.#tellOutcomes(recorded);
      this.#parts.onRound();
      if (source.isEnded === true) this.#parts.onEnded();
      if (batch === undefined) await source.wait(signal);
    }
  }

  /** Ends {@link run} after its current batch; call {@link close} when it has returned. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Commits the last checkpoint and releases the source. */
  async close(): Promise<void> {
    this.#tellOutcomes(this.#save());
    await this.#parts.source.stop();
  }

  #take(batch: Batch): void {
    const { matcher, config, clock } = this.#parts;
    const now = clock();
    const matches = matcher.match(batch, now, now - config.grace, now - this.#longestMs);
    for (const match of matches) this.#admit(match, now);
    this.#logouts.push(...matches.flatMap(logoutOf));
    if (matches.length > 0) this.#lastMatchAt = now;
    this.#unsaved = { source: batch.checkpoint, readAt: now, lastMatchAt: this.#lastMatchAt };
    this.#unsavedBytes += bytesOf(batch);
    for (const notice of [...batch.notices, ...matcher.takeNotices()]) this.#tellNotice(notice);
    this.#countLines();
  }

  #admit(match: Match, now: number): void {
    if (match.kind !== 'login') return;
    this.#counted.lastLoginAt = Math.max(this.#counted.lastLoginAt ?? 0, Math.min(match.at, now));
    const admission = admit(match, this.#rules, now);
    if ('admitted' in admission) return this.#pending.add(admission.admitted);
    this.#parts.tally.refused.add(admission.refused);
    this.#noteRefusal(match, admission, now);
    this.#tellRefusal(match, REFUSALS[admission.refused], admission.detail);
  }

  #noteRefusal({ address: text, user, service }: Match, { refused, detail }: Refused, at: number): void {
    if (this.#refused.size >= MAX_REFUSED) return;
    const parsed = parseAddress(text);
    const address = parsed.ok ? parsed.address : text;
    const event: TrailEvent = { at, kind: 'refused', address, user, service, reason: refused, detail };
    this.#refused.set(`${refused} ${user} ${address}`, event);
  }

  #isSaveDue(batch: Batch | undefined): boolean {
    const elapsedMs = this.#parts.clock() - this.#savedAt;
    if (elapsedMs >= SAVE_EVERY_MS || elapsedMs < 0) return true;
    if (this.#pending.size + this.#logouts.length >= BEHIND.logins) return true;
    if (this.#pending.size === 0) return false;
    const isBehind = batch !== undefined && bytesOf(batch) >= BEHIND.readBytes;
    return !isBehind || this.#unsavedBytes >= BEHIND.savedBytes;
  }

  /** The result is to be told when those who wait for an answer have it. */
  #save(): Recorded[] {
    if (this.#unsaved === undefined) return [];
    const { store, source, matcher, clock } = this.#parts;
    const checkpoint: Progress = { ...this.#unsaved, matcher: matcher.state };
    const logins = this.#pending.take();
    const refused = [...this.#refused.values()];
    const progress = { source: source.id, checkpoint };
    const outcomes = store.record({ logins, logouts: this.#logouts, progress, refused });
    this.#refused.clear();
    this.#logouts = [];
    this.#unsaved = undefined;
    this.#unsavedBytes = 0;
    this.#savedAt = clock();
    logins.forEach((login, index) => countOutcome(this.#parts.tally, login, outcomes[index]));
    if (outcomes.some(({ kind }) => kind === 'granted')) this.#parts.onGranted();
    return logins.map((login, index) => ({ login, outcome: outcomes[index] }));
  }

  #tellOutcomes(recorded: readonly Recorded[]): void {
    this.#parts.log.together(() => recorded.forEach((each) => this.#tellOutcome(each)));
  }

  #tellOutcome({ login, outcome }: Recorded): void {
    const { log } = this.#parts;
    const { address, user, service, expiresAt } = login;
    const facts = { address, user, service, until: new Date(expiresAt), ...this.#sessionFact(login) };
    if (outcome?.kind === 'granted') log.info('granted', facts);
    if (outcome?.kind === 'refreshed' || outcome?.kind === 'unchanged') log.debug(outcome.kind, facts);
    if (outcome?.kind === 'refused') this.#tellRefusal(login, outcome.cap, undefined);
  }

  /** An open session moves the instant on. */
  #sessionFact({ session }: Login): { session?: 'open' } {
    return session !== undefined && this.#parts.config.admission.max_session > 0 ? { session: 'open' } : {};
  }

  #tellRefusal({ address, user, service }: Subject, reason: string, detail: string | undefined): void {
    this.#warn(`${reason} ${user} ${address}`, 'refused a login', { address, user, service, reason, detail });
  }

  /** Lines that looked like a pattern's and were forged or damaged: see pattern/matcher.ts. */
  #countLines(): void {
    const { matcher, source } = this.#parts;
    const { lines, refused } = matcher.counts;
    const count = refused - this.#seenLines.refused;
    this.#counted.lines += lines - this.#seenLines.lines;
    this.#counted.refusedLines += count;
    this.#seenLines = { lines, refused };
    if (count > 0) this.#warn('lines', 'refused lines that no pattern may believe', { source: source.id, count });
  }

  #tellNotice({ kind, detail, count }: Notice): void {
    if ((LOSSES as readonly string[]).includes(kind)) this.#counted.dropped.add(kind, count);
    const level = kind === 'passed-by' ? 'info' : 'warn';
    this.#parts.log[level](kind.replaceAll('-', ' '), { source: this.#parts.source.id, detail, count });
  }
}

function logoutOf({ kind, session, at }: Match): Logout[] {
  return kind === 'logout' && session !== undefined ? [{ session, at }] : [];
}

function bytesOf(batch: Batch): number {
  if (batch.kind === 'lines') return batch.bytes.length;
  return batch.records.reduce((bytes, { message }) => bytes + message.length, 0);
}

interface Recorded {
  readonly login: Login;
  readonly outcome: Outcome | undefined;
}

type Subject = Pick<Match, 'address' | 'user' | 'service'>;
