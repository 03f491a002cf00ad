import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/problem.ts';
import type { DeliveryFigures } from '../delivery/delivery.ts';
import type { Delivering } from '../delivery/figures.ts';
import { behindText } from '../delivery/lag-watch.ts';
import { secondText } from '../encoding/time.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Database } from '../store/database.ts';
import type { EventLog } from './event-log.ts';
import type { ClockState } from './real-time.ts';

/** Lag at which a live sink is reported as a problem [ms of real time]. */
const LAG_MAX_MS = 30_000;
/**
 * Lead at which delivery counts as ahead of the clock [ms of real time]; readings are whole
 * seconds.
 */
const AHEAD_MIN_MS = 1000;
/** Interval at which problems are checked without a request [ms]. */
const LOOK_MS = 1000;
/** Most problems reported at once, and most characters of a reason: what fits on a page. */
const PROBLEMS_MAX = 50;
const REASON_MAX = 500;
/** A difference between simulated and real time that users do not notice [ms]. */
const SAME_MAX_MS = 2000;

/** The parts whose health is checked. */
export interface HealthParts {
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly deliveries: readonly Delivering[];
  readonly database?: Pick<Database, 'location' | 'isConnected' | 'problems'> | undefined;
  /** Whether the journal accepts events. */
  readonly journal?: { readonly problem: Problem | undefined } | undefined;
  readonly clockState?: ClockState | undefined;
  readonly log?: Log | undefined;
  /** Real time, as shown to users. */
  readonly realNowMs?: () => number;
}

/** A problem; without `sinceMs` it exists since it was first found. */
type Found = Omit<Problem, 'sinceMs'> & { readonly sinceMs?: number };

/** The current problems that keep the simulator from working fully. */
export class Health {
  readonly #parts: HealthParts;
  readonly #realNowMs: () => number;
  /** Start of each problem whose part does not know it [ms], by part and kind. */
  #since = new Map<string, number>();
  #isAhead = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.#realNowMs = parts.realNowMs ?? Date.now;
  }

  /** Every sink's figures; the lag is negative while delivery is ahead of the clock. */
  get sinks(): DeliveryFigures[] {
    const { deliveries, clock } = this.#parts;
    return deliveries.map(({ figures, deliveredMs }) => {
      const aheadMs = deliveredMs - clock.nowMs();
      return aheadMs > 0 && Number.isFinite(aheadMs) && figures.lagMs >= 0
        ? { ...figures, lagMs: -aheadMs }
        : figures;
    });
  }

  /** Number of times the clock was set since the start. */
  get clockSteps(): number {
    return this.#parts.clockState?.steps ?? 0;
  }

  /** Current problems, the oldest first. */
  get problems(): Problem[] {
    const nowMs = this.#realNowMs();
    const before = this.#since;
    this.#since = new Map();
    const problems: Problem[] = [];
    const add = (kind: string, found: Found | undefined) => {
      if (!found) return;
      const key = `${found.part} ${kind}`;
      const sinceMs = found.sinceMs ?? before.get(key) ?? nowMs;
      this.#since.set(key, sinceMs);
      problems.push({ part: found.part, reason: cut(found.reason), sinceMs });
    };
    for (const figures of this.sinks) {
      for (const problem of figures.problems) add('own', problem);
      if (figures.problems.length === 0) add('delivery', this.#deliveryProblem(figures));
    }
    for (const problem of this.#storeProblems()) add('store', problem);
    add('refuses', this.#parts.journal?.problem);
    add('step', this.#parts.clockState?.problem);
    add('ahead', this.#aheadProblem());
    return problems.sort((a, b) => a.sinceMs - b.sinceMs).slice(0, PROBLEMS_MAX);
  }

  /** Checks repeatedly until `signal` is aborted, so that the start of each problem is known. */
  async run(signal: AbortSignal): Promise<void> {
    for (; !signal.aborted; await sleep(LOOK_MS, signal)) void this.problems;
  }

  /** The problem of a sink that reports none itself. */
  #deliveryProblem({
    sink,
    state,
    isConnected,
    lastError,
    lagMs,
  }: DeliveryFigures): Found | undefined {
    const part = sink;
    if (!isConnected) return { part, reason: lastError ?? 'not connected' };
    if (state === 'down' || state === 'stalled')
      return { part, reason: lastError ?? 'makes no progress' };
    const behindMs = lagMs / this.#parts.clock.speed;
    if (state !== 'live' || behindMs <= LAG_MAX_MS) return undefined;
    return { part, reason: behindText(behindMs) };
  }

  #storeProblems(): readonly Found[] {
    const { database } = this.#parts;
    if (!database || database.isConnected || database.problems.length > 0)
      return database?.problems ?? [];
    return [{ part: 'store', reason: `${database.location} does not respond` }];
  }

  /** Delivery ahead of the clock: the clock was set back, or was wrong before the start. */
  #aheadProblem(): Found | undefined {
    const { clock, eventLog, deliveries, log } = this.#parts;
    const nowMs = clock.nowMs();
    const deliveredMs = deliveries.reduce(
      // A delivery that has not delivered anything yet is at NaN or infinity.
      (latest, { deliveredMs: ms }) => (Number.isFinite(ms) && ms > latest ? ms : latest),
      eventLog.horizonMs(),
    );
    const aheadMs = (deliveredMs - nowMs) / clock.speed;
    if (!(aheadMs > AHEAD_MIN_MS && Number.isFinite(aheadMs))) {
      if (this.#isAhead) log?.info({}, 'delivery is no longer ahead of the clock; it continues');
      this.#isAhead = false;
      return undefined;
    }
    const realMs = this.#realNowMs() + aheadMs;
    const reason = aheadText(deliveredMs, realMs);
    if (!this.#isAhead) log?.warn({ until: secondText(deliveredMs) }, reason);
    this.#isAhead = true;
    return { part: 'clock', reason };
  }
}

/** Says that delivery is ahead of the clock, when it continues, and how to continue at once. */
function aheadText(deliveredMs: number, realMs: number): string {
  const isSame = Math.abs(deliveredMs - realMs) < SAME_MAX_MS;
  const when = isSame ? '' : ` of simulated time, at ${secondText(realMs)}`;
  return (
    `delivery is ahead of the clock and continues at ${secondText(deliveredMs)}${when}; ` +
    'to continue now, correct the clock or, if it is right, restart with AHEAD_OF_CLOCK=repeat'
  );
}

function cut(text: string): string {
  return text.length > REASON_MAX ? `${text.slice(0, REASON_MAX - 1)}…` : text;
}
