import type { Configuration } from '../../config/configuration.ts';
import type { FactoryDescription } from '../../core/factory.ts';
import { Shares } from '../../delivery/shares.ts';
import type { ClusterState } from '../../outputs/output.ts';
import { settledWithin } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { version } from '../../runtime/version.ts';
import { RegisterTotals } from '../../service/register-totals.ts';
import { createFleet, type Fleet } from '../../simulation/fleet.ts';
import { aliveMembers, leave, sendHeartbeat } from '../../store/cluster/members.ts';
import { listenToWakes, wakeAll } from '../../store/cluster/wakes.ts';
import { StoreError } from '../../store/store-error.ts';
import { toldFleet } from '../../stories/told.ts';
import { redisLocation } from '../connection.ts';
import { joinCluster, type Membership } from './join.ts';
import { LeaseError, Leases } from './leases.ts';
import { PeriodicTask } from './periodic-task.ts';
import { openShardOutputs, ShardRun } from './shard-run.ts';
import type { RegistryFollower } from './shared-event-log.ts';

/** How often to save watermarks and send a heartbeat [ms]. */
const HEARTBEAT_MS = 1000;
/** How often to renew leases and take others [ms]. */
const LEASE_TICK_MS = 500;
/** How long to wait for Redis when releasing leases [ms]. */
const RELEASE_MAX_MS = 1000;
/**
 * The machines of a shard are positioned without a pause, at up to 1.5 ms each: with more of them
 * that might take longer than a lease lasts.
 */
const SHARD_MACHINES_MAX = 2000;

const SAVE_MESSAGES = {
  failing: 'cannot save watermarks; trying again',
  recovered: 'saving watermarks again',
};
const LEASE_MESSAGES = {
  failing: 'cannot take shards; trying again',
  recovered: 'taking shards again',
};

/**
 * Delivers shards of a live cluster until the signal. Then it delivers what is in flight and
 * releases its shards.
 *
 * @throws ConfigError if the cluster runs a different configuration, StoreError if there is no
 *   database or a single simulator has taken it over.
 */
export async function runShards(
  configuration: Configuration,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const membership = await joinCluster(configuration, 'worker', log, signal);
  const states = await Promise.all(
    configuration.outputs.flatMap(({ output, options }) => output.showCluster?.(options) ?? []),
  );
  const worker = new ShardWorker(configuration, membership, states, log);
  try {
    await worker.run(signal);
  } finally {
    await worker.close();
  }
}

/**
 * The most shards that one worker may hold, chosen so that all shards are held and the numbers
 * differ by as little as possible: three workers hold 7, 7 and 6 of 20.
 *
 * @param workers - The live workers, including this one.
 */
export function fairShare(shards: number, workers: number): number {
  return Math.ceil(shards / Math.max(1, workers));
}

/** A worker of a live cluster, with the shards that it holds. */
class ShardWorker implements RegistryFollower {
  readonly #configuration: Configuration;
  readonly #membership: Membership;
  readonly #log: Log;
  readonly #leases: Leases;
  readonly #states: readonly ClusterState[];
  readonly #runs = new Map<number, ShardRun>();
  readonly #heartbeats: PeriodicTask;
  readonly #leasing: PeriodicTask;
  readonly #end = new AbortController();
  /** Rejects if the simulation itself fails. */
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #fleet: Fleet;
  #shares: Shares;
  /** Saves run one after the other, because each counts from the previous one. */
  #saving: Promise<void> = Promise.resolve();
  #workers = 1;
  #heldBefore = -1;
  #isRedisAway = false;

  /** @param states - Publish the state of the cluster to the receivers. */
  constructor(
    configuration: Configuration,
    membership: Membership,
    states: readonly ClusterState[],
    log: Log,
  ) {
    this.#configuration = configuration;
    this.#membership = membership;
    this.#log = log;
    const { factories, seed, beginsS, cluster, eventLog } = membership;
    this.#fleet = toldFleet(
      createFleet(factories, {
        seed,
        journal: eventLog.journal,
        types: configuration.catalogue,
        registersFromS: beginsS,
        haveAllRegisters: configuration.haveAllRegisters,
      }),
    );
    this.#shares = this.#divided();
    eventLog.onTold((fromMs) => this.change(this.#fleet.factories, fromMs));
    const { redisUrl, prefix } = configuration.cluster;
    const { shards } = cluster;
    this.#leases = new Leases(
      { redisUrl: redisUrl as string, prefix, shards },
      {
        onError: (error) => this.#redisFailed(error),
        onRemoved: (job, reason) =>
          log.warn({ job, reason }, `job ${job} in Redis could not be read; it is created again`),
      },
    );
    this.#states = states;
    this.#heartbeats = new PeriodicTask(() => this.#heartbeat(), HEARTBEAT_MS, log, SAVE_MESSAGES);
    this.#leasing = new PeriodicTask(() => this.#lease(), LEASE_TICK_MS, log, LEASE_MESSAGES);
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
  }

  /** Delivers until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, eventLog, server, me, cluster } = this.#membership;
    const { shards } = cluster;
    this.#log.info({ worker: me.id, shards, version }, 'running as a worker of the cluster');
    const ended = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
    const wake = () => {
      eventLog.wake();
      this.#heartbeats.wake();
      this.#leasing.wake();
    };
    const totals = new RegisterTotals(store.database, () => this.#fleet);
    await totals.load();
    const loops = [
      totals.run(this.#end.signal),
      eventLog.run(this.#end.signal, this),
      this.#heartbeats.run(this.#end.signal),
      this.#leasing.run(this.#end.signal),
      listenToWakes(server, wake, this.#end.signal),
    ];
    await Promise.race([ended, store.whenLost(), this.#failed, Promise.all(loops)]);
  }

  /** Releases its shards, so that other workers continue within a second. */
  async close(): Promise<void> {
    const { shards, me, gapLog, store } = this.#membership;
    this.#end.abort();
    for (const state of this.#states) state.beginClosing();
    const runs = [...this.#runs.values()];
    await Promise.allSettled(runs.map((run) => run.stop()));
    let isLast = true;
    try {
      await this.#save();
      await shards.release(runs.flatMap((run) => run.reports()));
      await settledWithin(this.#release(this.#leases.held), RELEASE_MAX_MS);
      await leave(store.database, me.id);
      isLast = !(await aliveMembers(store.database)).some(({ role }) => role === 'worker');
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#log.warn({ reason: error.message }, 'could not save all watermarks');
    }
    await Promise.all(this.#states.map((state) => state.close(isLast)));
    await this.#leases.close();
    await gapLog.close();
    await store.close();
  }

  /** Reads the registry again, for {@link SharedEventLog}. */
  async read(): Promise<readonly FactoryDescription[]> {
    const { registry, eventLog } = this.#membership;
    return registry ? registry.read(() => eventLog.nextS()) : this.#fleet.factories;
  }

  /** Continues with other factories after an instant that no reader has passed. */
  change(factories: readonly FactoryDescription[], fromMs: number): void {
    this.#fleet = toldFleet(this.#fleet, factories);
    this.#shares = this.#divided();
    for (const run of this.#runs.values()) run.follow(this.#shares.of(run.shard), fromMs);
  }

  #divided(): Shares {
    const { shards } = this.#membership.cluster;
    const divided = new Shares(this.#fleet, shards);
    const most = Math.max(...Array.from({ length: shards }, (_, i) => divided.sizeOf(i)));
    if (most > SHARD_MACHINES_MAX)
      this.#log.warn(
        { machines: most },
        `a shard has more than ${SHARD_MACHINES_MAX} machines: taking it may outlast its lease`,
      );
    return divided;
  }

  /** Sends a heartbeat and saves the progress of its shards. */
  async #heartbeat(): Promise<void> {
    const { me, store } = this.#membership;
    await this.#save();
    await sendHeartbeat(store.database, me);
    this.#workers = (await aliveMembers(store.database)).filter(
      ({ role }) => role === 'worker',
    ).length;
  }

  #save(): Promise<void> {
    const turn = this.#saving.then(() => this.#saveNow());
    this.#saving = turn.catch(() => undefined);
    return turn;
  }

  async #saveNow(): Promise<void> {
    const runs = [...this.#runs.values()];
    const reports = runs.map((run) => run.reports());
    // A proof dates from its question: the answer may have waited while this process was
    // suspended.
    const atMs = performance.now();
    const lost = await this.#membership.shards.save(reports.flat());
    for (const [i, run] of runs.entries())
      if (lost.has(run.shard)) this.#lose(run);
      else run.confirmReports(reports[i] ?? [], atMs);
  }

  #lose(run: ShardRun): void {
    const { shard } = run;
    if (this.#runs.get(shard) !== run) return;
    this.#runs.delete(shard);
    this.#log.warn({ shard }, `another worker owns shard ${shard} now`);
    run.lose().catch(this.#fail);
  }

  /** Renews the leases, then takes or releases shards to reach a fair share. */
  async #lease(): Promise<void> {
    const leases = this.#leases;
    try {
      await leases.renew();
      await leases.ensure();
      const share = fairShare(this.#membership.cluster.shards, this.#workers);
      await this.#yieldShards(leases.held.slice(share));
      // Its token was lost, but its lease was not.
      for (const shard of leases.held) if (!this.#runs.has(shard)) await this.#start(shard);
      while (leases.held.length < share && this.#canAcquire) {
        const shard = await leases.take();
        if (shard === undefined) break;
        await this.#start(shard);
      }
      if (this.#isRedisAway) this.#log.info({}, 'Redis is reachable again');
      this.#isRedisAway = false;
    } catch (error) {
      if (!(error instanceof LeaseError)) throw error;
      this.#redisFailed(error);
    }
    const held = leases.held.length;
    if (held !== this.#heldBefore) this.#log.info({ shards: held }, `holding ${held} shards`);
    this.#heldBefore = held;
    for (const state of this.#states) state.keep(leases.held.includes(0));
  }

  /** While the database is unreachable, workers keep the shards that they have. */
  get #canAcquire(): boolean {
    const { eventLog } = this.#membership;
    return this.#heartbeats.isHealthy && eventLog.isCurrent && !this.#end.signal.aborted;
  }

  /** Starts delivering a shard whose lease was taken. One that is already running continues. */
  async #start(shard: number): Promise<void> {
    if (this.#runs.has(shard) || this.#end.signal.aborted) return;
    const { shards, me } = this.#membership;
    try {
      const taken = await shards.take(shard, me.id);
      const context = {
        configuration: this.#configuration,
        membership: this.#membership,
        log: this.#log,
        confirm: () => this.#save(),
      };
      const opened = await openShardOutputs(taken, context);
      // The fleet may have changed meanwhile; from here on the run is notified of changes.
      const run = new ShardRun(taken, opened, this.#shares.of(shard), context);
      this.#runs.set(shard, run);
      run.finished.catch(this.#fail);
      if (this.#end.signal.aborted) await run.stop();
    } catch (error) {
      await this.#leases.release(shard);
      throw error;
    }
  }

  /** Stops and releases shards for other workers. */
  async #yieldShards(surplus: readonly number[]): Promise<void> {
    if (surplus.length === 0) return;
    const runs = surplus.flatMap((shard) => this.#runs.get(shard) ?? []);
    await Promise.all(runs.map((run) => run.stop()));
    await this.#save();
    for (const { shard } of runs) this.#runs.delete(shard);
    await this.#release(surplus);
    await wakeAll(this.#membership.store.database);
  }

  async #release(shards: readonly number[]): Promise<void> {
    await Promise.all(shards.map((shard) => this.#leases.release(shard)));
  }

  #redisFailed(error: Error): void {
    if (this.#isRedisAway || this.#end.signal.aborted) return;
    this.#isRedisAway = true;
    const where = redisLocation(this.#configuration.cluster.redisUrl as string);
    const message = `${where} is unreachable: shards stay where they are until it is back`;
    this.#log.warn({ reason: error.message }, message);
  }
}
