import { type Batch, READING, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Problem } from '../core/problem.ts';

/**
 * How a delivery stands: before its first reading, in time, behind and catching up, writing without
 * anything being acknowledged, or failing.
 */
export type DeliveryState = 'starting' | 'live' | 'catching-up' | 'stalled' | 'down';

/** What of one topic was refused for good, and therefore left out. */
export interface RefusedTopic {
  readonly topic: string;
  readonly count: number;
  /** Why, as it was said last. */
  readonly reason: string;
}

/** What a delivery has done, and how it stands. */
export interface DeliveryFigures {
  readonly sink: string;
  readonly state: DeliveryState;
  readonly readings: number;
  readonly messages: number;
  readonly bytes: number;
  readonly failures: number;
  readonly reconnects: number;
  /** Simulated time between what is known and what the sink has [ms]; negative while ahead. */
  readonly lagMs: number;
  readonly isBehind: boolean;
  readonly isConnected: boolean;
  readonly lastError: string | undefined;
  /** What keeps it from delivering now; none while it delivers. */
  readonly problems: readonly Problem[];
  /** The topics with the most refusals, up to a hundred. */
  readonly refused: readonly RefusedTopic[];
  /** Messages of all topics that were refused for good. */
  readonly refusedTotal: number;
}

/** States from the worst to the best: several deliveries together are as the worst of them. */
const STATES: readonly DeliveryState[] = ['down', 'stalled', 'starting', 'catching-up', 'live'];
/** Topics whose refusals are counted one by one; those of further ones count in the total only. */
export const REFUSED_TOPICS_MAX = 100;

/** Deliveries to one sink that share its machines out, as one. */
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

/** Messages that a batch makes: one a channel of a reading, and one a status. */
export function messageCount({ length, flags, machines }: Batch): number {
  let count = 0;
  for (let row = 0; row < length; row++) {
    const flag = flags[row] as number;
    if (flag & READING) count += (machines[row] as Machine).type.channels.length;
    if (flag & STATUS) count++;
  }
  return count;
}
