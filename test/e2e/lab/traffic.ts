/** Mail sessions at a steady pace, each with one recipient for whom the answer is known. */
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESS } from './lab.ts';
import { DENIED, LATER, RELAYED, tryToSend } from './smtp.ts';

/** Clients that may relay all the time. */
export const ALWAYS = ['198.51.100.7', '2001:db8::7'] as const;
/** Clients that never may. */
const NEVER = ['198.51.100.8', '2001:db8::8'] as const;

const A_SECOND = 50;
const MOST_OPEN = 100; // a machine that cannot keep the pace falls behind it, instead of starting ever more
const ELSEWHERE = 'someone@elsewhere.example';

const SERVERS = [
  { mta: 'sendmail', to: [ADDRESS.sendmail, ADDRESS.sendmail6] },
  { mta: 'postfix', to: [ADDRESS.postfix, ADDRESS.postfix6] },
] as const;

const SESSIONS = SERVERS.flatMap(({ mta, to }) =>
  to.flatMap((server, family) => [
    { mta, from: ALWAYS[family], to: server, recipient: ELSEWHERE, expected: RELAYED },
    { mta, from: NEVER[family], to: server, recipient: ELSEWHERE, expected: DENIED },
    { mta, from: NEVER[family], to: server, recipient: 'root@lab.example', expected: RELAYED },
  ]),
);

export class Traffic {
  /** What was heard instead of the right answer. */
  readonly wrong: string[] = [];
  /** How many have ended. */
  sessions = 0;
  /** How often Sendmail asked a would-be relay to come again, since the map was replaced while it opened it. */
  postponed = 0;
  #begun = 0;
  #running = true;

  /** Goes on until {@link stop}, and settles when all sessions have ended. */
  async run(): Promise<void> {
    const start = Date.now();
    const open: Promise<void>[] = [];
    while (this.#running) {
      const due = ((Date.now() - start) * A_SECOND) / 1000;
      while (this.#begun < due && this.#begun - this.sessions < MOST_OPEN) open.push(this.#session());
      await delay(1000 / A_SECOND);
    }
    await Promise.all(open);
  }

  stop(): void {
    this.#running = false;
  }

  async #session(): Promise<void> {
    const session = SESSIONS[this.#begun++ % SESSIONS.length];
    if (session?.from === undefined) return;
    const { mta, from, to, recipient, expected } = session;
    const reply = await tryToSend({ from, to }, recipient).catch(String);
    this.sessions += 1;
    if (expected.test(reply)) return;
    if (LATER.test(reply) && mta === 'sendmail' && recipient === ELSEWHERE) this.postponed += 1;
    else this.wrong.push(`${from} to ${to}, ${recipient}: ${reply}`);
  }
}
