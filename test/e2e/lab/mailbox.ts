import { Dialogue, type Route } from './dialogue.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Logs in over IMAP and out again; tells whether the server let the user in. */
export async function imapLogin(route: Route, { user, password }: Credentials): Promise<boolean> {
  const imap = await Dialogue.open(route, 143);
  try {
    await imap.lineLike(/^\* OK/);
    imap.send(`a LOGIN ${quoted(user)} ${quoted(password)}`);
    const reply = await imap.lineLike(/^a /);
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
    await ask('QUIT');
    return reply.startsWith('+OK');
  } finally {
    pop.close();
  }
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
