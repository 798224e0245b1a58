/** What Postfix's own tools say of its configuration. */
import { askTool, type MapTools } from '../map/tools.ts';
import { wordsOf, type Restrictions } from './wiring.ts';

/**
 * The lists that decide about relaying, as this Postfix has them: the first is asked first, the second of whom that has
 * let through.
 * @returns undefined where postconf does not say
 */
export function relayRestrictions(tools: MapTools): [Restrictions, ...Restrictions[]] | undefined {
  const answer = askTool(tools, 'postconf', ['-xh', 'smtpd_relay_restrictions', 'smtpd_recipient_restrictions']);
  if (answer === undefined) return undefined;
  const [relay = [], recipient = []] = answer.split('\n').map(wordsOf);
  const second: Restrictions = { parameter: 'smtpd_recipient_restrictions', words: recipient };
  return relay.length === 0 ? [second] : [{ parameter: 'smtpd_relay_restrictions', words: relay }, second];
}
