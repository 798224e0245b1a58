/**
 * `relaypass run`: the daemon in the foreground, until SIGTERM or SIGINT, or until the pipe that it reads is closed. SIGHUP takes up a changed configuration:
 * everything is checked first, and what is wrong leaves the running one in place.
 */
import { EventEmitter, on } from 'node:events';
import { systemClock } from '../clock.ts';
import { readAccess } from '../cluster/access.ts';
import { formatDuration } from '../config/duration.ts';
import { keepLastGood, parseConfig, readConfig, type ConfigText } from '../config/load.ts';
import { Daemon, type DaemonPlan } from '../daemon.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { stderrLog, type Log } from '../log.ts';
import { createAmender } from '../map/amend.ts';
import { createBuilder } from '../map/build.ts';
import { resolveMaps } from '../map/target.ts';
import { hostTools } from '../map/tools.ts';
import { Tally } from '../metrics/tally.ts';
import { stampOf } from '../pattern/header.ts';
import { loadPatterns } from '../pattern/load.ts';
import { loadLookups } from '../server/lookup.ts';
import { ServiceManager } from '../service-manager.ts';
import { createSources } from '../source/create.ts';
import { actAsOwner } from '../store/owner.ts';
import { Voucher } from '../voucher.ts';
import { defineCommand } from './command.ts';

export const command = defineCommand(
  (argv) =>
    argv
      .option('verbose', {
        type: 'boolean',
        default: false,
        describe: 'Log also each login that lengthened or changed nothing',
      })
      .example('$0 run', 'what relaypass.service runs')
      .example('$0 run --config ./relaypass.toml --verbose', 'try a configuration'),
  ({ config, verbose }) => run(config, stderrLog(verbose ? 'debug' : 'info')),
);

interface Plan extends DaemonPlan {
  readonly configText: ConfigText;
}

interface Running {
  readonly plan: Plan;
  readonly daemon: Daemon;
}

async function run(configFile: string | undefined, log: Log): Promise<ExitStatus> {
  const signals = hearSignals();
  const manager = new ServiceManager(process.env, log);
  const tally = new Tally(systemClock());
  const voucher = new Voucher(process.env, log);
  const signs = { onAlive: () => manager.alive(), onMapsTrue: () => voucher.vouch() };
  const plan = { ...prepare(configFile, log), tally, ...signs };
  let running: Running = { plan, daemon: await start(plan) };
  await manager.tell('READY=1');
  for (;;) {
    const { failure, ended } = running.daemon;
    const signal = signals.next().then(({ value }) => value[0]);
    if ((await Promise.race([signal, failure, ended])) !== 'SIGHUP') break;
    await manager.tell('RELOADING=1');
    running = await reload(configFile, running);
    await manager.tell('READY=1');
  }
  await manager.tell('STOPPING=1');
  await running.daemon.stop();
  log.info('stopped');
  return EXIT.ok;
}

/** The signals as they come, buffered while one is being served. */
function hearSignals(): NodeJS.AsyncIterator<[NodeJS.Signals]> {
  const heard = new EventEmitter();
  for (const name of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(name, () => heard.emit('signal', name));
  return on(heard, 'signal') as NodeJS.AsyncIterator<[NodeJS.Signals]>;
}

/** Checks all that can be checked before anything is started; becomes the owner of the state folder. */
function prepare(configFile: string | undefined, log: Log): Omit<Plan, 'tally'> {
  const configText = readConfig(configFile);
  const config = parseConfig(configText);
  const patterns = loadPatterns(config.patterns, log);
  const clusterAccess = config.cluster && readAccess(config.cluster);
  actAsOwner(config.state_dir);
  const tools = hostTools();
  const targets = resolveMaps(config.map, config.state_dir, tools);
  const clock = systemClock;
  const sources = () =>
    createSources(config.source, { clock, log, stampOf: (line) => stampOf(Buffer.from(line), clock()) });
  const lookups = loadLookups(config.lookup);
  return {
    configText,
    config,
    patterns,
    targets,
    builder: createBuilder(tools),
    amender: createAmender(tools),
    lookups,
    createSources: sources,
    clusterAccess,
    clock,
    log,
  };
}

async function start(plan: Plan): Promise<Daemon> {
  const onEntered = (): void => keepLastGood(plan.configText, plan.config.state_dir);
  const daemon = new Daemon({ ...plan, onEntered });
  await daemon.start();
  const { config, patterns, targets, log } = plan;
  const maps = targets.map(({ file }) => file).join(' ');
  log.info('started', { grace: formatDuration(config.grace), patterns: patterns.length, maps });
  return daemon;
}

async function reload(configFile: string | undefined, old: Running): Promise<Running> {
  const { log, tally } = old.plan;
  tally.reload = { ...tally.reload, isGood: false };
  let plan: Plan;
  try {
    plan = { ...old.plan, ...prepare(configFile, log) };
  } catch (error) {
    tellWrong('kept the old configuration', log, error);
    return old;
  }
  await old.daemon.stop();
  try {
    const daemon = await start(plan);
    tally.reload = { isGood: true, loadedAt: systemClock() };
    return { plan, daemon };
  } catch (error) {
    tellWrong('went back to the old configuration', log, error);
    return { plan: old.plan, daemon: await start(old.plan) };
  }
}

/** Says what is wrong with the new configuration; a bug in relaypass is none of its wrongs. */
function tellWrong(event: string, log: Log, error: unknown): void {
  if (!(error instanceof OperationalError)) throw error;
  log.error(event, { reason: error.message });
}
