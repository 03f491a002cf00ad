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

/** How many gaps the API shows; the database has all of them. */
const GAPS_MAX = 20;
/** The lag from which a shard counts as behind [ms of real time]. */
const BEHIND_MS = 5000;
/** A shard that is behind and makes no progress for this long is stalled [ms of real time]. */
const STALL_MS = 30_000;

/** The current state of one shard's sink. */
export interface ShardView extends ShardRow {
  readonly machines: number;
  /** Simulated time between the horizon and the sink's watermark [ms]. */
  readonly lagMs: number;
  /** Whether a live worker owns it. */
  readonly isOwned: boolean;
  /** Whether readings are due but nothing has been delivered recently. */
  readonly isStalled: boolean;
}

/**
 * The cluster as seen by one of its API processes: its members, and the progress of each shard.
 */
export class ClusterOverview {
  readonly #membership: Membership;
  #fleet: Fleet | undefined;
  #shares: Shares | undefined;
  #members: readonly Member[] = [];
  #rows: readonly ShardRow[] = [];
  #gaps: readonly Gap[] = [];
  /** The position of each shard's sinks, and since when [ms, of `performance.now`]. */
  #progress = new Map<string, { readonly timeMs: number | null; readonly sinceMs: number }>();
  /** Since when some shards of a sink have each problem [ms, real time]. */
  #since = new Map<string, number>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Sends a heartbeat and reads the state of the cluster. @throws StoreError */
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

  /** Distinguishes the cluster's store from others, by its creation time. */
  get storeKey(): string {
    return this.#membership.store.identity.createdAt.getTime().toString(36);
  }

  /** The process that answers. */
  get me(): Member {
    return this.#membership.me;
  }

  /** The live processes, the oldest first. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** The latest gaps in what sinks received, oldest first. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** The simulated time up to which everything is final [ms]. */
  get closedMs(): number {
    return this.#membership.eventLog.closedMs();
  }

  get speed(): number {
    return this.#membership.eventLog.clock.speed;
  }

  /** The state of every shard's sinks except the ground truth, in order of the shards. */
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

  /** The problems that some shards of a sink have. */
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

  /** Updates since when each shard has made no progress and each problem has existed. */
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

  /** The lag of the shard that is furthest behind, in real time [s]. */
  lagS(): number {
    return this.shards().reduce((most, { lagMs }) => Math.max(most, lagMs), 0) / 1000 / this.speed;
  }

  /** The deliveries of all workers to a sink, combined. */
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
        // The workers learn about a new fleet from the horizon.
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
    // Workers log rejected messages, but do not share them.
    refused: [],
    refusedTotal: 0,
  };
}

/** The problems that a shard may have. The first that applies counts. */
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
