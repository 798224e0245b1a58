import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import { EXIT } from '../errors.ts';
import { admitRows } from '../import/admit.ts';
import { readRows } from '../import/read.ts';
import { escapeControls } from '../log.ts';
import { admissionRules } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import { hostTools } from '../map/tools.ts';
import type { Outcome } from '../store/outcome.ts';
import type { Store } from '../store/store.ts';
import { defineCommand, print } from './command.ts';
import { jsonOptions, printRows, type JsonArgs } from './json-rows.ts';
import { publishMaps } from './publish-maps.ts';
import { withStore } from './with-store.ts';

/** What became of a row of the file; plain JSON, as `--json` prints it. */
interface ImportedRow {
  /** Of a refused one, what stood for it in the file: untrusted text. */
  readonly address: string;
  readonly outcome: Outcome['kind'] | 'permissible';
  readonly reason: string | null;
  readonly expiresAt: number | null;
}

/** `relaypass import`: takes over whom an earlier system permits, each until its time there, and for the grace at most. */
export const command = defineCommand(
  (argv) =>
    jsonOptions(argv)
      .positional('file', { type: 'string', demandOption: true, describe: 'popip.db, a map of an MTA, or a list' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only tell what would be taken over' })
      .example('$0 import /etc/mail/popip.db', 'instead of poprelayd')
      .epilog(
        'JSON: address, outcome (granted, refreshed, unchanged, refused; permissible with --dry-run), reason, expiresAt.',
      ),
  async ({ config, file, 'dry-run': dryRun, ...args }) => {
    const { admission, grace } = loadConfig(config);
    const rows = await readRows(file, hostTools()); // before this process acts as somebody else, who may not read it
    const { logins, refused } = admitRows(rows, file, admissionRules(admission, grace), systemClock());
    const refusals = refused.map(({ row, reason }) => refusedRow(row.key, reason));
    if (dryRun) {
      const all = [...refusals, ...logins.map((login) => admittedRow(login, 'permissible'))];
      tell(all, `${file}: would take over ${logins.length} of ${all.length} addresses`, args);
      return EXIT.ok;
    }
    return withStore(config, async (host) => {
      const outcomes = host.store.record({ logins });
      const all = [...refusals, ...logins.map((login, index) => takenRow(host.store, login, outcomes[index]))];
      tell(all, `${file}: ${summaryOf(all)}`, args);
      return publishMaps(host);
    });
  },
);

/** What holds now: the address may have been permitted for longer. */
function takenRow(store: Store, login: Login, outcome: Outcome | undefined): ImportedRow {
  if (outcome?.kind === 'refused') return refusedRow(login.address, `${outcome.cap} is reached`);
  return admittedRow(store.login(login.address, login.user) ?? login, outcome?.kind ?? 'unchanged');
}

function refusedRow(address: string, reason: string): ImportedRow {
  return { address, outcome: 'refused', reason, expiresAt: null };
}

function admittedRow({ address, expiresAt }: Login, outcome: ImportedRow['outcome']): ImportedRow {
  return { address, outcome, reason: null, expiresAt };
}

function tell(rows: readonly ImportedRow[], summary: string, args: JsonArgs): void {
  const refused = rows.filter(({ outcome }) => outcome === 'refused');
  const refusals = refused.map(({ address, reason }) => escapeControls(`${address}: not permitted: ${reason}`));
  printRows(rows, args, () => print([...refusals, summary].join('\n')));
}

function summaryOf(rows: readonly ImportedRow[]): string {
  const count = (wanted: ImportedRow['outcome']) => rows.filter(({ outcome }) => outcome === wanted).length;
  return `permitted ${count('granted')}, prolonged ${count('refreshed')}, ${count('unchanged')} as they were`;
}
