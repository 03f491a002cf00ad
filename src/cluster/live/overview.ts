import type { Problem } from '../../core/problem.ts';
import type { Gap } from '../../core/sink.ts';
import type { DeliveryFigures } from '../../delivery/delivery.ts';
import type { Delivering, DeliveryState } from '../../delivery/figures.ts';
import { Shares } from '../../delivery/shares.ts';
import { GROUND_TRUTH } from '../../service/truth-recorder.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import { aliveMembers, type Member, sendHeartbeat } from '../../store/cluster/members.ts';
import type { ShardRow } from '../../store/cluster/shard-table.ts';
import { latestGaps } from '../../store/tables.ts';
import type { Membership } from './join.ts';

/** Gaps that are told at once; the database has all of them. */
const GAPS_MAX = 20;
/** Shards this far behind are behind [ms of real time]. */
const BEHIND_MS = 5000;
/** Shards that are behind and have got nowhere for so long stand still [ms of real time]. */
const STALL_MS = 30_000;

/** A shard's sink as it stands. */
export interface ShardView extends ShardRow {
  readonly machines: number;
  /** Simulated time between what is known and what the sink has [ms]. */
  readonly lagMs: number;
  /** Whether a worker that lives has it. */
  readonly isOwned: boolean;
  /** Whether something is due and nothing has been delivered for a while. */
  readonly isStalled: boolean;
}

/** A cluster as one of its API processes sees it: who is there, and how far each shard is. */
export class ClusterOverview {
  readonly #membership: Membership;
  #fleet: Fleet | undefined;
  #shares: Shares | undefined;
  #members: readonly Member[] = [];
  #rows: readonly ShardRow[] = [];
  #gaps: readonly Gap[] = [];
  /** Where each shard's sinks are, and since when [ms, of `performance.now`]. */
  #progress = new Map<string, { readonly timeMs: number | null; readonly sinceMs: number }>();
  /** Since when some shards of a sink have a trouble [ms, real time]. */
  #since = new Map<string, number>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Gives a sign of life and asks for those of others. @throws StoreError */
  async refresh(fleet: Fleet): Promise<void> {
    const { me, shards, store } = this.#membership;
    const { database } = store;
    await sendHeartbeat(database, me);
    this.#members = await aliveMembers(database);
    this.#rows = await shards.all();
    this.#follow();
    this.#gaps = await latestGaps(database, GAPS_MAX);
    if (fleet === this.#fleet) return;
    this.#fleet = fleet;
    this.#shares = new Shares(fleet, this.#membership.cluster.shards);
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
      .filter(({ sink }) => sink !== GROUND_TRUTH)
      .map((row) => ({
        ...row,
        machines: this.#shares?.sizeOf(row.shard) ?? 0,
        lagMs: row.timeMs === null ? 0 : Math.max(0, this.closedMs - row.timeMs),
        isOwned: row.owner !== null && alive.has(row.owner),
        isStalled: this.#isStalled(row),
      }));
  }

  /** What is wrong with some shards of a sink. */
  problems(sink: string): Problem[] {
    return TROUBLES.flatMap(({ has, text }) => {
      const shards = this.shards().filter((each) => each.sink === sink);
      const affected = shards.filter(has);
      const sinceMs = this.#since.get(`${sink} ${text}`) ?? Date.now();
      if (affected.length === 0) return [];
      const why = affected.find(({ lastError }) => lastError !== null)?.lastError;
      const reason = `${affected.length} of ${shards.length} shards ${text}`;
      return [{ part: sink, reason: why ? `${reason}: ${why}` : reason, sinceMs }];
    });
  }

  /** Takes note of which shards get on, and since when there are which troubles. */
  #follow(): void {
    const nowMs = performance.now();
    const progress = new Map<string, { timeMs: number | null; sinceMs: number }>();
    for (const row of this.#rows) {
      const before = this.#progress.get(keyOf(row));
      const sinceMs = before && before.timeMs === row.timeMs ? before.sinceMs : nowMs;
      progress.set(keyOf(row), { timeMs: row.timeMs, sinceMs });
    }
    this.#progress = progress;
    const since = new Map<string, number>();
    for (const shard of this.shards())
      for (const { has, text } of TROUBLES) {
        const key = `${shard.sink} ${text}`;
        if (has(shard)) since.set(key, this.#since.get(key) ?? Date.now());
      }
    this.#since = since;
  }

  #isStalled(row: ShardRow): boolean {
    const progress = this.#progress.get(keyOf(row));
    const behindMs = row.timeMs === null ? 0 : (this.closedMs - row.timeMs) / this.speed;
    return behindMs > STALL_MS && !!progress && performance.now() - progress.sinceMs > STALL_MS;
  }

  /** How far the shard that is the farthest behind is, in real time [s]. */
  lagS(): number {
    return this.shards().reduce((most, { lagMs }) => Math.max(most, lagMs), 0) / 1000 / this.speed;
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
  return {
    sink,
    state: stateOf(shards, isBehind),
    readings: sum('readings'),
    messages: sum('messages'),
    bytes: sum('bytes'),
    failures: sum('failures'),
    reconnects: sum('reconnects'),
    lagMs,
    isBehind,
    isConnected:
      shards.length > 0 && shards.every(({ isOwned, isConnected }) => isOwned && isConnected),
    lastError: shards.find(({ lastError }) => lastError !== null)?.lastError ?? undefined,
    problems: overview.problems(sink),
    // Workers log what is refused, and do not share it.
    refused: [],
    refusedTotal: 0,
  };
}

/** What may be wrong with shards; a shard has the first that it has. */
const TROUBLES: readonly { has(shard: ShardView): boolean; readonly text: string }[] = [
  { has: ({ isOwned }) => !isOwned, text: 'have no worker' },
  { has: ({ isOwned, isConnected }) => isOwned && !isConnected, text: 'are not connected' },
  {
    has: ({ isOwned, isConnected, isStalled }) => isOwned && isConnected && isStalled,
    text: 'make no progress',
  },
];

function stateOf(shards: readonly ShardView[], isBehind: boolean): DeliveryState {
  if (shards.length === 0) return 'starting';
  if (shards.some(({ isOwned, isConnected }) => !isOwned || !isConnected)) return 'down';
  if (shards.some(({ isStalled }) => isStalled)) return 'stalled';
  return isBehind ? 'catching-up' : 'live';
}

function keyOf({ shard, sink }: ShardRow): string {
  return `${shard} ${sink}`;
}
