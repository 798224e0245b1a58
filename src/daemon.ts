/**
 * Wires the pipeline: source -> matcher -> admission -> store -> maps and look-ups, and the store to other hosts' stores.
 * Starts in order, stops in reverse. What fails later, in a loop, is told through {@link Daemon.failure} and must end the
 * process: it never goes on in doubt.
 */
import type { Clock } from './clock.ts';
import type { Config } from './config/schema.ts';
import type { Access } from './cluster/access.ts';
import type { Cluster, ClusterStatus } from './cluster/cluster.ts';
import { EXIT, OperationalError } from './errors.ts';
import { Heartbeat } from './heartbeat.ts';
import { Intake } from './intake.ts';
import type { Log } from './log.ts';
import { admissionRules, barredNow, REFUSALS } from './login/admission.ts';
import type { MapAmender } from './map/amend.ts';
import type { MapBuilder } from './map/build.ts';
import { countAttempt, type Tally } from './metrics/tally.ts';
import { emptyAbandonedMaps } from './map/abandoned.ts';
import { Publisher } from './map/publish.ts';
import type { MapTarget } from './map/target.ts';
import { Matcher } from './pattern/matcher.ts';
import type { Pattern } from './pattern/pattern.ts';
import { ownPresence, type Presence } from './presence.ts';
import type { Lookup } from './server/lookup.ts';
import { LookupServers } from './server/lookup-servers.ts';
import type { LogSource } from './source/source.ts';
import { Reporter } from './status/reporter.ts';
import type { Entry } from './store/entry.ts';
import { ExpiryClock } from './store/expiry-clock.ts';
import { limitsOf } from './store/limits.ts';
import { Store } from './store/store.ts';
import { storeDir } from './store/owner.ts';
import { Tidier } from './tidy.ts';
import { ownVersion } from './version.ts';

/** What a daemon is made of, checked beforehand, so that a bad configuration stops nothing that runs. */
export interface DaemonPlan {
  readonly config: Config;
  readonly patterns: readonly Pattern[];
  readonly targets: readonly MapTarget[];
  readonly builder: MapBuilder;
  readonly amender?: MapAmender;
  readonly lookups: readonly Lookup[];
  readonly createSources: () => readonly LogSource[];
  /** How to get to the other hosts; undefined for a host of its own. */
  readonly clusterAccess?: Access | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly tally: Tally;
  /** Called before anything is published, when no other daemon works on the state folder. */
  readonly onEntered?: () => void;
  /** Called about once a second, as long as every part does its work. */
  readonly onAlive?: () => void;
  /** Called at such a moment when besides every map is as the store wants it. */
  readonly onMapsTrue?: () => void;
}

export class Daemon {
  readonly #plan: DaemonPlan;
  readonly #heartbeat: Heartbeat;
  readonly #stops: (() => Promise<void> | void)[] = [];
  /** Rejects when a part fails while it runs; never resolves. */
  readonly failure: Promise<never>;
  #fail: (reason: unknown) => void = () => undefined;
  /** Resolves when every source has ended, as a pipe does that its writer has closed. */
  readonly ended: Promise<'ended'>;
  #end: (what: 'ended') => void = () => undefined;
  readonly #following = new Set<LogSource>();
  #cluster: Cluster | undefined;
  #publisher: Publisher | undefined;

  constructor(plan: DaemonPlan) {
    this.#plan = plan;
    this.#heartbeat = new Heartbeat(() => this.#beat());
    this.failure = new Promise((_, reject) => (this.#fail = reject));
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.failure.catch(() => undefined); // an owner that has stopped looking must not be ended by it
  }

  async start(): Promise<void> {
    try {
      const store = await this.#startStore();
      this.#revokeBarred(store);
      const publisher = await this.#startPublisher(store);
      this.#startExpiry(store, publisher);
      await this.#startLookups(store, publisher);
      await this.#startCluster(store, publisher);
      const sources = this.#plan.createSources();
      sources.forEach((source) => this.#following.add(source));
      this.#plan.tally.keepSources(sources.map(({ id }) => id));
      for (const source of sources) await this.#startIntake(source, store, publisher);
      await this.#startMetrics(store);
      this.#startTidier();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The link to the other hosts, undefined without one. */
  clusterStatus(): ClusterStatus | undefined {
    return this.#cluster?.status();
  }

  /** Stops what has started, last first; idempotent. */
  async stop(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) await stop();
  }

  #beat(): void {
    this.#plan.onAlive?.();
    if (this.#publisher?.isSettled === true) this.#plan.onMapsTrue?.();
  }

  async #startStore(): Promise<Store> {
    const { config, clock, log } = this.#plan;
    const store = await Store.open({
      dir: storeDir(config.state_dir),
      limits: limitsOf(config),
      clock,
      log,
      broken: 'set-aside',
    });
    this.#stops.push(() => store.close());
    const presence = ownPresence(clock());
    const other = store.enter(presence);
    if (other !== undefined) throw alreadyRuns(other, config.state_dir);
    this.#stops.push(() => store.leave(presence));
    this.#plan.onEntered?.();
    this.#startReporter(presence);
    return store;
  }

  #startReporter({ startedAt }: Presence): void {
    const { config, tally, clock, log } = this.#plan;
    const clusterStatus = () => this.clusterStatus();
    const reporter = new Reporter({ stateDir: config.state_dir, startedAt, tally, clusterStatus, clock, log });
    this.#stops.push(() => reporter.stop());
    reporter.start();
  }

  /** The rules may have changed since what the store holds was admitted. */
  #revokeBarred(store: Store): void {
    const { config, log } = this.#plan;
    const rules = admissionRules(config.admission, config.grace);
    for (const { login, refused, detail } of store.revoke((each) => barredNow(each, rules)))
      log.info('revoked', { address: login.address, user: login.user, reason: REFUSALS[refused], detail });
  }

  /** The maps are true before the first line is read. */
  async #startPublisher(store: Store): Promise<Publisher> {
    const { targets, builder, amender, clock, log, tally } = this.#plan;
    const onAttempt = countAttempt(tally);
    const publisher = new Publisher({ store, targets, builder, amender, clock, log, onAttempt, onFailure: this.#fail });
    this.#publisher = publisher;
    this.#stops.push(() => publisher.stop());
    publisher.start();
    await publisher.rebuildNow();
    emptyAbandonedMaps({ store, targets, log });
    return publisher;
  }

  #startExpiry(store: Store, publisher: Publisher): void {
    const changed = (expired: readonly Entry[]): void => {
      this.#plan.tally.expired += expired.length;
      expired.forEach(({ address, logins }) => this.#plan.log.info('expired', { address, user: logins[0]?.user }));
      publisher.request();
    };
    const ticked = this.#heartbeat.part('expiry');
    const expiry = new ExpiryClock(store, this.#plan.clock, { changed, failed: this.#fail, ticked });
    this.#stops.push(() => expiry.stop());
    expiry.start();
  }

  async #startLookups(store: Store, publisher: Publisher): Promise<void> {
    const { config, lookups, clock, log, tally } = this.#plan;
    const rules = admissionRules(config.admission, config.grace);
    const changed = (): void => publisher.request();
    const servers = new LookupServers({ lookups, store, rules, clock, log, tally, changed, failed: this.#fail });
    this.#stops.push(() => servers.stop());
    await servers.start();
  }

  /** Does not wait for the link: what the store holds is true without it. One host loads nothing of it. */
  async #startCluster(store: Store, publisher: Publisher): Promise<void> {
    const { config, clusterAccess: access, clock, log } = this.#plan;
    if (config.cluster === undefined || access === undefined) return;
    const { Cluster } = await import('./cluster/cluster.ts');
    const cluster = new Cluster({
      config: config.cluster,
      access,
      store,
      rules: admissionRules(config.admission, config.grace),
      clock,
      log,
      onChanged: () => publisher.request(),
      onFailure: this.#fail,
    });
    this.#stops.push(() => cluster.stop());
    this.#cluster = cluster;
    cluster.start();
  }

  async #startMetrics(store: Store): Promise<void> {
    const { metrics } = this.#plan.config;
    if (metrics === undefined) return;
    const { Metrics } = await import('./metrics/metrics.ts');
    const subject = { ...this.#plan, store, clusterStatus: () => this.clusterStatus(), version: ownVersion() };
    const telling = new Metrics({ ...subject, metrics, failed: this.#fail });
    this.#stops.push(() => telling.stop());
    await telling.start();
  }

  #startTidier(): void {
    const tidier = new Tidier();
    this.#stops.push(() => tidier.stop());
    tidier.start();
  }

  async #startIntake(source: LogSource, store: Store, publisher: Publisher): Promise<void> {
    const { config, patterns, clock, log, tally } = this.#plan;
    const matcher = new Matcher(patterns, source.id);
    const onRound = this.#heartbeat.part(source.id);
    const onGranted = (): void => publisher.request();
    const onEnded = (): void => {
      if (this.#following.delete(source) && this.#following.size === 0) this.#end('ended');
    };
    const intake = new Intake({ source, matcher, config, store, clock, log, tally, onGranted, onRound, onEnded });
    await intake.start();
    const running = intake.run().catch(this.#fail);
    this.#stops.push(async () => {
      intake.stop();
      await running;
      await intake.close();
    });
    log.info('follows', { source: source.id });
  }
}

/** Two would each read the log and publish by their own configuration. */
function alreadyRuns({ pid }: Presence, stateDir: string): OperationalError {
  const advice = 'stop it first, or give this one a state_dir of its own';
  const message = `${stateDir}: another relaypass daemon, process ${pid}, works on this state folder; ${advice}`;
  return new OperationalError('already-runs', EXIT.tempFail, message);
}
