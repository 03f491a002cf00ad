import type { Problem } from '../../core/problem.ts';
import type { DeliveryFigures } from '../../delivery/delivery.ts';
import type { Gap } from '../../delivery/gap.ts';
import type { Delivering } from '../../service/simulator.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import type { Member } from '../../store/member-table.ts';
import type { ShardRow } from '../../store/shard-table.ts';
import type { Membership } from './join.ts';
import { Partition } from './partition.ts';

/** Gaps that are told at once; the database has all of them. */
const GAPS_MAX = 20;
/** Shards this far behind are behind [ms of real time]. */
const BEHIND_MS = 5000;
const UNOWNED = 'a shard has no worker that lives';

/** A shard's sink as it stands. */
export interface ShardView extends ShardRow {
  readonly machines: number;
  /** Simulated time between what is known and what the sink has [ms]. */
  readonly lagMs: number;
  /** Whether a worker that lives has it. */
  readonly isOwned: boolean;
}

/** A cluster as one of its API processes sees it: who is there, and how far each shard is. */
export class ClusterOverview {
  readonly #membership: Membership;
  #fleet: Fleet | undefined;
  #partition: Partition | undefined;
  #members: readonly Member[] = [];
  #rows: readonly ShardRow[] = [];
  #gaps: readonly Gap[] = [];
  readonly #problems = new Map<string, readonly Problem[]>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Gives a sign of life and asks for those of others. @throws StoreError */
  async refresh(fleet: Fleet): Promise<void> {
    const { members, me, shards, store } = this.#membership;
    await members.beat(me);
    this.#members = await members.alive();
    this.#rows = await shards.all();
    this.#gaps = await store.gaps.latest(GAPS_MAX);
    if (fleet === this.#fleet) return;
    this.#fleet = fleet;
    this.#partition = new Partition(fleet, this.#membership.cluster.shards);
  }

  /** The number of shards. */
  get shardCount(): number {
    return this.#membership.cluster.shards;
  }

  /** Tells the cluster's store from others: when it was begun. */
  get storeKey(): string {
    return this.#membership.store.identity.createdAt.getTime().toString(36);
  }

  /** The process that answers. */
  get me(): Member {
    return this.#membership.me;
  }

  /** The processes that live, the one that is there longest first. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** Whether a process lives; until the first look at them, all do. */
  isAlive(id: string): boolean {
    return this.#members.length === 0 || this.#members.some((member) => member.id === id);
  }

  /** What sinks were not given, the latest, oldest first. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** The simulated second up to which nothing can happen any more [ms]. */
  get closedMs(): number {
    return this.#membership.timeline.closedMs();
  }

  get speed(): number {
    return this.#membership.timeline.clock.speed;
  }

  /** Every shard's sinks that readings go to, in the order of the shards. */
  shards(): ShardView[] {
    const alive = new Set(this.#members.map(({ id }) => id));
    return this.#rows
      .filter(({ sink }) => sink !== 'ground truth')
      .map((row) => ({
        ...row,
        machines: this.#partition?.machinesOf(row.shard) ?? 0,
        lagMs: row.timeMs === null ? 0 : Math.max(0, this.closedMs - row.timeMs),
        isOwned: row.owner !== null && alive.has(row.owner),
      }));
  }

  /** How far the shard that is the farthest behind is, in real time [s]. */
  lagS(): number {
    return this.shards().reduce((most, { lagMs }) => Math.max(most, lagMs), 0) / 1000 / this.speed;
  }

  /** What keeps shards of a sink from being delivered: one for each reason. */
  problems(sink: string): readonly Problem[] {
    const reasons = new Set(
      this.shards()
        .filter((each) => each.sink === sink && !(each.isOwned && each.isConnected))
        .map(({ isOwned, lastError }) => (isOwned ? (lastError ?? 'no connection') : UNOWNED)),
    );
    const before = this.#problems.get(sink) ?? [];
    const now = Array.from(
      reasons,
      (reason) =>
        before.find((each) => each.reason === reason) ?? {
          part: sink,
          reason,
          sinceMs: Date.now(),
        },
    );
    this.#problems.set(sink, now);
    return now;
  }

  /** The deliveries of all workers to a sink, as one. */
  delivering(sink: string): Delivering {
    const overview = this;
    return {
      get figures() {
        return figuresOf(sink, overview);
      },
      get deliveredMs() {
        const times = overview.shards().filter((each) => each.sink === sink);
        return times.reduce((least, { timeMs }) => Math.min(least, timeMs ?? Number.NaN), Infinity);
      },
      follow() {
        // The workers learn of another fleet from the horizon.
      },
    };
  }
}

function figuresOf(sink: string, overview: ClusterOverview): DeliveryFigures {
  const shards = overview.shards().filter((each) => each.sink === sink);
  const sum = (key: 'readings' | 'messages' | 'bytes' | 'failures' | 'reconnects') =>
    shards.reduce((total, each) => total + each[key], 0);
  const lagMs = shards.reduce((most, each) => Math.max(most, each.lagMs), 0);
  const isBehind = lagMs / overview.speed > BEHIND_MS;
  const isConnected =
    shards.length > 0 && shards.every(({ isOwned, isConnected }) => isOwned && isConnected);
  return {
    sink,
    state: !isConnected ? 'down' : isBehind ? 'catching-up' : 'live',
    readings: sum('readings'),
    messages: sum('messages'),
    bytes: sum('bytes'),
    failures: sum('failures'),
    reconnects: sum('reconnects'),
    lagMs,
    isBehind,
    isConnected,
    lastError: shards.find(({ lastError }) => lastError !== null)?.lastError ?? undefined,
    problems: overview.problems(sink),
    refused: [],
    refusedTotal: 0,
  };
}
