/** What Postfix's own tools say of its configuration. */
import { spawnSync } from 'node:child_process';
import type { MapTools } from '../map/tools.ts';
import { wordsOf, type Restrictions } from './wiring.ts';

/**
 * The lists that decide about relaying, as this Postfix has them: the first is asked first, the second of whom that has
 * let through.
 * @returns undefined where postconf does not say
 */
export function relayRestrictions(tools: MapTools): [Restrictions, ...Restrictions[]] | undefined {
  const answer = askPostfix(tools, 'postconf', ['-xh', 'smtpd_relay_restrictions', 'smtpd_recipient_restrictions']);
  if (answer === undefined) return undefined;
  const [relay = [], recipient = []] = answer.split('\n').map(wordsOf);
  const second: Restrictions = { parameter: 'smtpd_recipient_restrictions', words: recipient };
  return relay.length === 0 ? [second] : [{ parameter: 'smtpd_relay_restrictions', words: relay }, second];
}

const TIMEOUT_MS = 10_000; // each answers in milliseconds; a fatal Postfix tool sleeps a second first

/** What the tool answers; undefined where it fails, as an older one does that does not know the question. */
export function askPostfix(tools: MapTools, tool: 'postconf' | 'postmap', args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(tools.find(tool) ?? tool, args, {
    env: tools.env,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : undefined;
}
