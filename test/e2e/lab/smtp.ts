import { Dialogue, type Route } from './dialogue.ts';
import type { Credentials } from './mailbox.ts';

/** What a client hears that may relay. */
export const RELAYED = /^250 /;
/** What one hears that may not, from Sendmail and from Postfix. */
export const DENIED = /^55[04] 5\.7\.1 .*(Relaying denied|Relay access denied)/;
/** What popauth.m4 has Sendmail say to such a one when the map cannot be read. */
export const LATER = /^451 4\.3\.0 Relay authorization temporarily unavailable/;

const LAST_LINE = /^\d{3} /; // RFC 5321 4.2.1: the lines before it have a hyphen there

/** An SMTP session that stays open between recipients. */
export class SmtpSession {
  readonly #dialogue: Dialogue;

  private constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** Greets and names a sender. */
  static async open(route: Route, sender = 'printer@example.net'): Promise<SmtpSession> {
    const session = new SmtpSession(await Dialogue.open(route, 25));
    await session.#dialogue.lineLike(LAST_LINE);
    await session.#ask('EHLO client.example');
    await session.#ask(`MAIL FROM:<${sender}>`);
    return session;
  }

  /** The server's reply to one more recipient: `250 2.1.5 ...` where it would relay. */
  async recipient(address: string): Promise<string> {
    return this.#ask(`RCPT TO:<${address}>`);
  }

  close(): void {
    this.#dialogue.close();
  }

  async #ask(command: string): Promise<string> {
    this.#dialogue.send(command);
    return this.#dialogue.lineLike(LAST_LINE);
  }
}

/** What the MTA at `route.to` says to a recipient elsewhere when `route.from` asks: nothing is sent. */
export async function tryToRelay(route: Route, sender?: string): Promise<string> {
  return tryToSend(route, 'someone@elsewhere.example', sender);
}

/** The same for any recipient. */
export async function tryToSend(route: Route, recipient: string, sender?: string): Promise<string> {
  const session = await SmtpSession.open(route, sender);
  try {
    return await session.recipient(recipient);
  } finally {
    session.close();
  }
}

/** Logs in by SMTP AUTH and begins a mail to a user of the MTA's own, which it logs; tells whether it was let in. */
export async function authLogin(route: Route, { user, password }: Credentials): Promise<boolean> {
  const smtp = await Dialogue.open(route, 25);
  const ask = async (command: string) => {
    smtp.send(command);
    return smtp.lineLike(LAST_LINE);
  };
  try {
    await smtp.lineLike(LAST_LINE);
    await ask('EHLO client.example');
    const reply = await ask(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
    if (!reply.startsWith('235 ')) return false;
    await ask(`MAIL FROM:<${user}@lab.example>`);
    await ask('RCPT TO:<someone@lab.example>');
    return true;
  } finally {
    smtp.close();
  }
}
