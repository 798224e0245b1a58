/**
 * Whether systemd runs the units that this version brings. One in /etc/systemd/system stands before the package's of the
 * same name, so what an older version left there goes on, with all that it lacks.
 *
 * Limits: drop-ins are the admin's, and not looked at. Where systemd does not run there is nothing to say.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { PACKAGE_DIR } from '../package.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { textOf } from './read.ts';

const UNITS = ['relaypass.service', 'relaypass-sweep.service', 'relaypass-sweep.timer'];
const PROPERTIES = 'Id,LoadState,FragmentPath,NeedDaemonReload,UnitFileState';
const ASK_TIMEOUT_MS = 10_000;
/** Of npm's package, of Debian's. */
const SHIPPED = [path.join(PACKAGE_DIR, 'systemd'), '/usr/lib/systemd/system'];

/**
 * @param systemctl the program to ask
 * @param shipped the folders in which the units of this version are, the first that has one
 */
export function checkUnits(systemctl = 'systemctl', shipped: readonly string[] = SHIPPED): Finding[] {
  const args = ['show', `--property=${PROPERTIES}`, ...UNITS];
  const { status, stdout } = spawnSync(systemctl, args, { encoding: 'utf8', timeout: ASK_TIMEOUT_MS });
  if (status !== 0 || stdout.trim() === '') return []; // in a chroot it leaves with 0 and tells nothing
  const units = stdout.trim().split(/\n\n+/).map(parseUnit);
  if (units.every(({ LoadState }) => LoadState === 'not-found'))
    return [
      warning('systemd has no unit of relaypass', 'install them as the README says, or see to its start yourself'),
    ];
  const findings = units.flatMap((unit) => complaintsAbout(unit, shipped));
  return findings.length > 0 ? findings : [ok('systemd has the units of this version')];
}

type Unit = Readonly<
  Partial<Record<'Id' | 'LoadState' | 'FragmentPath' | 'NeedDaemonReload' | 'UnitFileState', string>>
>;

function parseUnit(block: string): Unit {
  return Object.fromEntries([...block.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

function complaintsAbout(unit: Unit, shipped: readonly string[]): Finding[] {
  const { Id: id = '', LoadState: state, FragmentPath: file = '', UnitFileState: enabled } = unit;
  if (state === 'masked')
    return [error(`${id}: is masked, so it never runs`, `systemctl unmask ${id} && systemctl enable --now ${id}`)];
  if (state !== 'loaded')
    return [
      error(`${id}: systemd has not loaded it (${state})`, `install it as the README says; systemctl status ${id}`),
    ];
  const findings = differences(file, shipped);
  if (unit.NeedDaemonReload === 'yes')
    findings.push(warning(`${id}: its file has changed since systemd read it`, 'systemctl daemon-reload'));
  if (enabled === 'disabled')
    findings.push(warning(`${id}: is not enabled, so it does not run after a boot`, `systemctl enable --now ${id}`));
  return findings;
}

function differences(file: string, shipped: readonly string[]): Finding[] {
  const name = path.basename(file);
  const ours = shipped.map((folder) => path.join(folder, name)).find((candidate) => textOf(candidate) !== '');
  if (ours === undefined || textOf(ours) === textOf(file)) return [];
  const todo = ours.startsWith(PACKAGE_DIR) ? `install -m 644 ${ours} ${file}` : `rm ${file}`;
  const what = `${file}: is not this version's ${name}, which is ${ours}`;
  return [
    warning(what, `${todo} && systemctl daemon-reload; what you changed in it belongs in "systemctl edit ${name}"`),
  ];
}
