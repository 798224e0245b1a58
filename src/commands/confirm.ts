import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { EXIT, OperationalError } from '../errors.ts';

/**
 * Whether the admin at the terminal says yes.
 * @throws OperationalError `usage` where nobody can be asked
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new OperationalError('usage', EXIT.usage, `${question} nobody is there to answer: say --yes`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const closed = once(terminal, 'close').then(() => 'no'); // Ctrl-C, Ctrl-D
    return /^y(es)?$/i.test(await Promise.race([terminal.question(`${question} [y/N] `), closed]));
  } finally {
    terminal.close();
  }
}
