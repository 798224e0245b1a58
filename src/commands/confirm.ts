import { createInterface } from 'node:readline/promises';
import { isNativeError } from 'node:util/types';
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
    return /^y(es)?$/i.test(await terminal.question(`${question} [y/N] `));
  } catch (error) {
    if (isNativeError(error) && error.name === 'AbortError') return false; // Ctrl-C, Ctrl-D
    throw error;
  } finally {
    terminal.close();
  }
}
