/** Everything that `check` looks at, in the order of the data's flow; what fails early hides what rests on it. */
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { errnoOf, OperationalError } from '../errors.ts';
import { createLog, type Log } from '../log.ts';
import { claimMaps } from '../map/claim.ts';
import { hostTools } from '../map/tools.ts';
import { loadPatterns } from '../pattern/load.ts';
import { actAsOwner, storeDir } from '../store/owner.ts';
import { limitsOf } from '../store/limits.ts';
import { Store } from '../store/store.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { checkCluster } from './cluster.ts';
import { checkDovecot } from './dovecot.ts';
import { checkMap } from './map.ts';
import { checkMetrics } from './metrics.ts';
import { checkMta } from './mta.ts';
import { aboutSetAside, setAsides } from './set-aside.ts';
import { checkSource } from './source.ts';
import { checkUnits } from './units.ts';
import { loadLookups } from '../server/lookup.ts';
import { detectSources } from '../source/detect.ts';

/** How far to look: at what SIGHUP would take up, at whether the MTAs ask relaypass, or at all of the host. */
export type Extent = 'configuration' | 'mta' | 'host';

export async function checkHost(configFile: string | undefined, extent: Extent): Promise<Finding[]> {
  const findings: Finding[] = [];
  const log = collector(findings);
  const config = attempt(findings, 'correct the configuration', () => loadConfig(configFile));
  if (config === undefined) return findings;
  findings.push(ok(`configuration: ${configFile ?? 'the default one'} is valid`));
  const patterns = attempt(findings, 'correct the pattern, or leave it out with patterns.use', () => {
    return loadPatterns(config.patterns, log);
  });
  if (patterns !== undefined) findings.push(ok(`patterns: ${patterns.length} are used`));
  attempt(findings, 'correct the file of sender_map', () => loadLookups(config.lookup));
  if (extent === 'configuration') return findings;
  const mtas = await checkMtas(config); // before root is given up, and so the cluster, whose password root can read
  if (extent === 'mta') return [...findings, ...mtas];
  const cluster = config.cluster === undefined ? [] : await checkCluster(config.cluster);
  findings.push(...checkUnits(), ...checkDovecot(patterns ?? []));
  findings.push(...(await checkState(config, log)), ...mtas, ...cluster);
  return findings;
}

async function checkState(config: Config, log: Log): Promise<Finding[]> {
  const findings: Finding[] = [];
  const owned = attempt(findings, 'see the message', () => {
    actAsOwner(config.state_dir);
    return true;
  });
  if (owned === undefined)
    return [...findings, warning('the logs, the store and the metrics were not looked at', 'mend the above first')];
  findings.push(ownerFinding(config.state_dir), ...(config.source ?? detectSources().sources).flatMap(checkSource));
  findings.push(...(await checkStore(config, log)), ...checkMetrics(config));
  return findings;
}

function ownerFinding(stateDir: string): Finding {
  if (process.geteuid?.() !== 0)
    return ok(`${stateDir}: belongs to uid ${process.geteuid?.()}, as whom relaypass acts`);
  return warning(
    `${stateDir}: belongs to root, so the daemon runs as root`,
    `give it to a user of its own: chown -R relaypass:relaypass ${stateDir}`,
  );
}

async function checkStore(config: Config, log: Log): Promise<Finding[]> {
  const dir = storeDir(config.state_dir);
  try {
    const store = await Store.open({ dir, limits: limitsOf(config), clock: systemClock, log });
    const entries = store.size();
    await store.close();
    return [ok(`${dir}: can be read, entries: ${entries}`), ...aboutSetAside(setAsides(dir))];
  } catch (failure) {
    return [asFinding(failure, 'see the message')];
  }
}

/** The maps as the MTAs find them, and the MTAs' own side. */
async function checkMtas(config: Config): Promise<Finding[]> {
  const tools = hostTools();
  const { targets, fault } = claimMaps(config, tools);
  const faults = fault === undefined ? [] : [error(fault.message, 'correct [[map]]')];
  const wired = { targets, lookups: config.lookup, ipv6Prefix: config.admission.ipv6_prefix };
  return [...faults, ...targets.flatMap(checkMap), ...(await checkMta(wired, tools))];
}

/** What `work` gives; undefined, and a finding, where it throws what the admin can mend. */
function attempt<T>(findings: Finding[], todo: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (failure) {
    findings.push(asFinding(failure, isClosedTo(failure) ? AS_ROOT : todo));
    return undefined;
  }
}

function asFinding(failure: unknown, todo: string): Finding {
  if (failure instanceof OperationalError) return error(failure.message, todo);
  throw failure;
}

/** Whether root could look at it, and this process's user cannot. */
function isClosedTo(failure: unknown): boolean {
  return failure instanceof OperationalError && (failure.code === 'not-owner' || errnoOf(failure.cause) === 'EACCES');
}

const AS_ROOT = 'run this as root: sudo relaypass check';

/** What the checked parts would log becomes a finding. */
function collector(findings: Finding[]): Log {
  return createLog({
    write: (line) => findings.push(warning(line.trim(), 'see the message')),
    priorities: false,
    level: 'warn',
  });
}
