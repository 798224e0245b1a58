import { Dialogue, type Route } from './dialogue.ts';

/** The password of every user of the lab. */
export const PASSWORD = 'sesame';

/** A server whose users log in over POP3 or IMAP at the lab's mailbox address. */
export interface MailboxServer {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Logs in over IMAP and out again; tells whether the server let the user in. */
export async function imapLogin(route: Route, credentials: Credentials): Promise<boolean> {
  return imapSession(route, credentials, async () => undefined);
}

/** The same, with `during` between login and logout. */
export async function imapSession(
  route: Route,
  { user, password }: Credentials,
  during: (imap: Dialogue) => Promise<void>,
): Promise<boolean> {
  const imap = await Dialogue.open(route, 143);
  try {
    await imap.lineLike(/^\* OK/);
    imap.send(`a LOGIN {${Buffer.byteLength(user)}}`); // a literal (RFC 3501 4.3) can hold any byte
    await imap.lineLike(/^\+/);
    imap.send(`${user} {${Buffer.byteLength(password)}}`);
    await imap.lineLike(/^\+/);
    imap.send(password);
    const reply = await imap.lineLike(/^a /);
    await during(imap);
    imap.send('b LOGOUT');
    await imap.lineLike(/^b |^\* BYE/);
    return reply.startsWith('a OK');
  } finally {
    imap.close();
  }
}

/** Logs in over POP3 and out again; tells whether the server let the user in. */
export async function popLogin(route: Route, { user, password }: Credentials): Promise<boolean> {
  const pop = await Dialogue.open(route, 110);
  const ask = async (command: string) => {
    pop.send(command);
    return pop.lineLike(/^(?:\+OK|-ERR)/);
  };
  try {
    await pop.lineLike(/^\+OK/);
    await ask(`USER ${user}`);
    const reply = await ask(`PASS ${password}`);
    if (!reply.startsWith('+OK')) return false; // some servers hang up now
    await ask('QUIT');
    return true;
  } finally {
    pop.close();
  }
}
