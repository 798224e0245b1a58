/** What setup demands of a new sendmail.cf, asked of Sendmail itself on copies: check/rule-test.ts. */
import path from 'node:path';
import { ELSEWHERE, testCopy, testRules, WHEN_SILENT, type Question, type RuleTest } from '../check/rule-test.ts';
import { withPlace } from '../check/sendmail-cf.ts';
import { makeProbeMap } from '../map/probe-map.ts';
import { SENTINEL } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { refused } from './refused.ts';

/** Networks of documentation: nobody's, and an access file may refuse one of them. */
const STRANGERS = ['198.51.100.77', '203.0.113.77', '192.0.2.77', 'IPv6:2001:db8:0:0:0:0:0:77'];
const PERMITTED = ['198.51.100.78', '203.0.113.78', '192.0.2.78', 'IPv6:2001:db8:0:0:0:0:0:78'];

const LOOK_UP: Question = { clients: [], recipients: [], lookUp: { map: 'popauth', key: SENTINEL.key } };

export interface Rules {
  readonly before: string;
  readonly after: string;
  /** Of root's alone, for the copies. */
  readonly folder: string;
  /** The map that the new rules name. */
  readonly target: MapTarget;
  readonly tools: MapTools;
}

/**
 * Shows on copies that the new rules relay for whom a map holds, and answer everybody else as the old ones do.
 * @throws OperationalError `setup-refused`, 69, and MapError where no map can be built
 */
export async function proveRules({ before, after, folder, target, tools }: Rules): Promise<void> {
  const rows = [...PERMITTED.map((key) => ({ key, value: 'RELAY' })), SENTINEL];
  const map = await makeProbeMap(target, folder, rows, tools);
  const probing = withPlace(after, LOOK_UP.lookUp.map, map);
  const copy = path.join(folder, 'copy.cf');
  const ask = async (text: string, question: Question) => answered(await testCopy(copy, text, question));
  const ofStrangers = { ...LOOK_UP, clients: STRANGERS, recipients: [ELSEWHERE, 'postmaster'] };
  const [was, is] = [await ask(before, ofStrangers), await ask(probing, ofStrangers)];
  if (was.verdicts.some(({ said }, index) => said !== is.verdicts[index]?.said))
    throw refused('the new sendmail.cf would answer strangers otherwise than now');
  const { verdicts } = await ask(probing, { ...LOOK_UP, clients: PERMITTED, recipients: [ELSEWHERE] });
  if (!verdicts.some(({ kind }) => kind === 'relayed'))
    throw refused('the new sendmail.cf would not relay for whom the map holds');
  demandMap(await ask(after, LOOK_UP));
}

/** Makes sure that Sendmail reads the map with this sendmail.cf. @throws OperationalError `setup-refused`, 69 */
export async function confirmMap(cf: string): Promise<void> {
  demandMap(answered(await testRules(cf, LOOK_UP)));
}

function demandMap({ value, complaint }: RuleTest): void {
  if (value === SENTINEL.value) return;
  const reason = complaint === undefined ? '' : `; it said: ${complaint}`;
  throw refused(`Sendmail cannot read the map: run "relaypass sweep" and see why${reason}`);
}

function answered(test: RuleTest | undefined): RuleTest {
  if (test !== undefined) return test;
  throw refused(`Sendmail's test mode (sendmail -bt) gives no answer within a minute: ${WHEN_SILENT}`);
}
