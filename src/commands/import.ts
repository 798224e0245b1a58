import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import { EXIT } from '../errors.ts';
import { admitRows, type RefusedRow } from '../import/admit.ts';
import { readRows } from '../import/read.ts';
import { escapeControls } from '../log.ts';
import { admissionRules } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import { hostTools } from '../map/tools.ts';
import { defineCommand, print } from './command.ts';
import { publishMaps } from './publish-maps.ts';
import { withStore } from './with-store.ts';

/** `relaypass import`: takes over whom an earlier system permits, each until its time there, and for the grace at most. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('file', { type: 'string', demandOption: true, describe: 'popip.db, a map of an MTA, or a list' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only tell what would be taken over' })
      .example('$0 import /etc/mail/popip.db', 'instead of poprelayd'),
  async ({ config, file, 'dry-run': dryRun }) => {
    const { admission, grace } = loadConfig(config);
    const rows = await readRows(file, hostTools()); // before this process acts as somebody else, who may not read it
    const { logins, refused } = admitRows(rows, file, admissionRules(admission, grace), systemClock());
    refused.forEach(tellRefused);
    if (!dryRun) return takeOver(config, file, logins);
    print(`${file}: would take over ${logins.length} of ${logins.length + refused.length} addresses`);
    return EXIT.ok;
  },
);

async function takeOver(config: string | undefined, file: string, logins: readonly Login[]) {
  return withStore(config, async (host) => {
    const outcomes = host.store.record({ logins });
    const count = (kind: string) => outcomes.filter((outcome) => outcome.kind === kind).length;
    print(
      `${file}: permitted ${count('granted')}, prolonged ${count('refreshed')}, ${count('unchanged')} as they were`,
    );
    if (count('refused') > 0) print(`${file}: ${count('refused')} not permitted: max_entries is reached`);
    return publishMaps(host);
  });
}

function tellRefused({ row, reason }: RefusedRow): void {
  print(escapeControls(`${row.key}: not permitted: ${reason}`));
}
