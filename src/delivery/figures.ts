import { type Batch, PARTIAL, READING, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import type { Problem } from '../core/problem.ts';
import type { MessageCounts, Sink } from '../core/sink.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';

/**
 * The state of a delivery: before its first reading, in time, catching up, without any
 * acknowledgement for too long, or failing.
 */
export type DeliveryState = 'starting' | 'live' | 'catching-up' | 'stalled' | 'down';

/** Messages of one topic that were refused for good, and therefore left out. */
export interface RefusedTopic {
  readonly topic: string;
  readonly count: number;
  /** The latest reason. */
  readonly reason: string;
}

/** The counts and the state of a delivery. */
export interface DeliveryFigures {
  readonly sink: string;
  readonly state: DeliveryState;
  readonly readings: number;
  readonly messages: number;
  readonly bytes: number;
  readonly failures: number;
  readonly reconnects: number;
  /** Simulated time between the horizon and what the sink has [ms]; negative while ahead. */
  readonly lagMs: number;
  readonly isBehind: boolean;
  readonly isConnected: boolean;
  readonly lastError: string | undefined;
  /** The problems that keep it from delivering; none while it delivers. */
  readonly problems: readonly Problem[];
  /** The topics with the most refusals, up to a hundred. */
  readonly refused: readonly RefusedTopic[];
  /** Messages of all topics that were refused for good. */
  readonly refusedTotal: number;
}

/** One sink's delivery, as the rest of the simulator sees it. */
export interface Delivering {
  readonly figures: DeliveryFigures;
  /** The simulated instant up to which the sink has everything [ms]; NaN before it begins. */
  readonly deliveredMs: number;
  /** Continues with another fleet after an instant that no reader has passed. */
  follow(fleet: Fleet, fromMs: number): void;
}

/** A delivery that this process runs, by itself or through others. */
export interface RunningDelivery extends Delivering {
  /** Delivers until it is stopped; rejects where the simulation itself fails. */
  run(): Promise<void>;
  /** Lets the sink take what is in flight. */
  stop(): Promise<void>;
}

/** States from the worst to the best: several deliveries together have the worst of theirs. */
const STATES: readonly DeliveryState[] = ['down', 'stalled', 'starting', 'catching-up', 'live'];
/** Number of topics whose refusals are counted separately; others count in the total only. */
export const REFUSED_TOPICS_MAX = 100;

/** The figures of deliveries that share one sink's machines, as one. */
export function together(sink: string, parts: readonly DeliveryFigures[]): DeliveryFigures {
  const sum = (key: 'readings' | 'messages' | 'bytes' | 'failures' | 'reconnects') =>
    parts.reduce((total, figures) => total + figures[key], 0);
  const problems = new Map<string, Problem>();
  for (const problem of parts.flatMap((part) => part.problems)) {
    const same = problems.get(problem.reason);
    if (!same || problem.sinceMs < same.sinceMs) problems.set(problem.reason, problem);
  }
  const refused = parts.flatMap((part) => part.refused).toSorted((a, b) => b.count - a.count);
  return {
    sink,
    state: STATES.find((state) => parts.some((part) => part.state === state)) ?? 'starting',
    readings: sum('readings'),
    messages: sum('messages'),
    bytes: sum('bytes'),
    failures: sum('failures'),
    reconnects: sum('reconnects'),
    lagMs: Math.max(...parts.map(({ lagMs }) => lagMs), parts.length === 0 ? 0 : -Infinity),
    isBehind: parts.some(({ isBehind }) => isBehind),
    isConnected: parts.length > 0 && parts.every(({ isConnected }) => isConnected),
    lastError: parts.find(({ lastError }) => lastError !== undefined)?.lastError,
    problems: [...problems.values()],
    refused: refused.slice(0, REFUSED_TOPICS_MAX),
    refusedTotal: parts.reduce((total, { refusedTotal }) => total + refusedTotal, 0),
  };
}

/** Readings in a batch. */
export function readingCount({ length, flags }: Batch): number {
  let count = 0;
  for (let row = 0; row < length; row++) if ((flags[row] as number) & READING) count++;
  return count;
}

/** Counts the messages that a sink makes from rows. */
export class MessageCounter {
  readonly #counts: Memo<MachineType, MessageCounts>;

  constructor(sink: Pick<Sink, 'messagesOf'> = {}) {
    this.#counts = new Memo((type) => sink.messagesOf?.(type) ?? oneAChannel(type));
  }

  /** Messages of a reading and of a status of a type. */
  of(type: MachineType): MessageCounts {
    return this.#counts.of(type);
  }

  /** Messages of a batch. */
  ofBatch(batch: Batch): number {
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const flag = batch.flags[row] as number;
      const { type } = batch.machines[row] as Machine;
      const { reading, status } = this.of(type);
      if (flag & READING) {
        const share = flag & PARTIAL ? batch.channelCount(row) / type.channels.length : 1;
        count += reading * share;
      }
      if (flag & STATUS) count += status;
    }
    return count;
  }

  /** The most messages that a row of these machines makes, its status included. */
  mostOfRow(machines: readonly Machine[]): number {
    const types = new Set(machines.map(({ type }) => type));
    let most = 1;
    for (const type of types) {
      const { reading, status } = this.of(type);
      most = Math.max(most, reading + status);
    }
    return most;
  }

  /** Messages in a simulated second, statuses without a change included. */
  perSimulatedS(machines: readonly Machine[], statusIntervalS: number): number {
    let perS = 0;
    for (const { type, intervalMs } of machines) {
      const { reading, status } = this.of(type);
      const readingsPerS = 1000 / intervalMs;
      const statusesPerS =
        statusIntervalS === 0 ? readingsPerS : Math.min(readingsPerS, 1 / statusIntervalS);
      perS += readingsPerS * reading + statusesPerS * status;
    }
    return perS;
  }
}

function oneAChannel({ channels }: MachineType): MessageCounts {
  return { reading: channels.length, status: 1 };
}
