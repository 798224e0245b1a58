import { spawnSync } from 'node:child_process';
import type { Finding } from '../check/finding.ts';
import { checkMta } from '../check/mta.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { resolveMaps, type MapTarget } from '../map/target.ts';
import { hostTools, type MapTools } from '../map/tools.ts';
import type { Plan } from '../setup/change.ts';
import { unifiedDiff } from '../setup/diff.ts';
import { planPostfix } from '../setup/postfix.ts';
import type { Replaced } from '../setup/record.ts';
import { reloadCommand, type Mta } from '../setup/reload.ts';
import { replaceFiles, undoReplacement } from '../setup/replace.ts';
import { planSendmail } from '../setup/sendmail.ts';
import { defineCommand, print } from './command.ts';

/** `relaypass setup`: ties the map into the MTA; shows what it would change, and changes it only when told. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('mta', { choices: ['sendmail', 'postfix'] as const, demandOption: true, describe: 'Which MTA' })
      .option('apply', { type: 'boolean', default: false, describe: 'Make the changes; needs root' })
      .option('undo', { type: 'boolean', default: false, describe: 'Put back the files as they were; needs root' })
      .option('reload', { type: 'boolean', default: false, describe: 'Make the MTA take them up, too' })
      .example('$0 setup postfix', 'shows the diff, and changes nothing')
      .example('$0 setup postfix --apply --reload', 'from now on Postfix asks the map')
      .example('$0 setup postfix --undo --reload', 'and no longer')
      .epilog('Exit status: 0, 69 where it must be done by hand, 77 without root. A changed file is kept beside it.'),
  async ({ config, mta, apply, undo, reload }): Promise<ExitStatus> => {
    if (apply && undo)
      throw new OperationalError('usage', EXIT.usage, '--apply and --undo are opposites: say one of them');
    if (apply || undo) demandRoot();
    if (!undo) return setUp(mta, config, { apply, reload });
    if (undoSetup(mta)) takeUp(mta, reload);
    return EXIT.ok;
  },
);

async function setUp(mta: Mta, configFile: string | undefined, { apply, reload }: Todo): Promise<ExitStatus> {
  const config = loadConfig(configFile);
  const tools = hostTools();
  const target = targetOf(mta, resolveMaps(config.map, config.state_dir, tools));
  const plan = await planFor(mta, target, tools, config);
  if (plan.changes.length === 0) print(`${mta} asks ${target.type}:${target.path} already: there is nothing to change`);
  for (const change of plan.changes) print(unifiedDiff(change));
  if (plan.changes.length > 0 && apply) {
    makeMaps(configFile);
    await plan.prove();
    tellKept(await replaceFiles(plan.changes, recordOf(mta), plan.confirm));
    takeUp(mta, reload);
  } else if (plan.changes.length > 0) {
    print('\nNothing was changed yet: --apply does it, and keeps the files as they were.');
  }
  const wired = { targets: [target], lookups: config.lookup, ipv6Prefix: config.admission.ipv6_prefix };
  if (apply) tellDoubts(await checkMta(wired, tools));
  return EXIT.ok;
}

type Todo = Readonly<Record<'apply' | 'reload', boolean>>;

function demandRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new OperationalError('not-root', EXIT.noPermission, "the MTA's configuration is root's: run this as root");
}

function targetOf(mta: Mta, targets: readonly MapTarget[]): MapTarget {
  const target = targets.find(({ form }) => form === mta);
  if (target !== undefined) return target;
  const message = `no map is configured in ${mta}'s own form, which is the one that setup ties in: add [[map]] mta = "${mta}"`;
  throw new OperationalError('setup-no-map', EXIT.config, message);
}

async function planFor(mta: Mta, target: MapTarget, tools: MapTools, { admission }: Config): Promise<Plan> {
  return mta === 'sendmail' ? planSendmail(target, tools) : planPostfix(target, tools, admission.ipv6_prefix);
}

/** In root's folder, not in the state folder, which is the daemon's. */
function recordOf(mta: Mta): string {
  return `/etc/relaypass/setup-${mta}.json`;
}

/** A missing map would have the MTA put mail off. The sweep acts as the owner of the state folder, for good: a process of its own. */
function makeMaps(config: string | undefined): void {
  const args = [process.argv[1] ?? '', 'sweep', ...(config === undefined ? [] : ['--config', config])];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status === EXIT.ok) return;
  const message = `nothing was changed, since the maps cannot be made: ${stderr.trim()}`;
  throw new OperationalError('setup-no-map', EXIT.unavailable, message);
}

function tellKept(replaced: readonly Replaced[]): void {
  print('');
  for (const { file, backup } of replaced) {
    print(backup === null ? `made ${file}` : `wrote ${file}; as it was, it is ${backup}`);
  }
}

function tellDoubts(findings: readonly Finding[]): void {
  for (const { severity, what, todo } of findings) {
    if (severity !== 'ok') print(`${severity}: ${what}\n  -> ${todo ?? ''}`);
  }
}

function undoSetup(mta: Mta): boolean {
  const undone = undoReplacement(recordOf(mta));
  if (undone === undefined) print(`setup did nothing to ${mta} here: there is nothing to undo`);
  for (const { file, backup } of undone ?? []) print(backup === null ? `removed ${file}` : `${file} is as it was`);
  return undone !== undefined && undone.length > 0;
}

/** An MTA keeps what it has read until it is told. @throws OperationalError `reload-failed`, 69 */
function takeUp(mta: Mta, reload: boolean): void {
  const [program, ...args] = reloadCommand(mta);
  const line = [program, ...args].join(' ');
  if (!reload) return print(`now run: ${line}`);
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return print(`ran: ${line}`);
  throw new OperationalError('reload-failed', EXIT.unavailable, `${line} failed: ${error?.message ?? stderr.trim()}`);
}
