import { type Batch, READING, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Problem } from '../core/problem.ts';

/** Whether a delivery delivers: `stalled` where something is due and nothing is taken. */
export type DeliveryState = 'starting' | 'live' | 'catching-up' | 'stalled' | 'down';

/** Messages of one topic that were refused for good, and left out. */
export interface Refused {
  readonly topic: string;
  readonly count: number;
  readonly reason: string;
}

/** What a delivery has done, and how it stands. */
export interface DeliveryFigures {
  readonly sink: string;
  readonly readings: number;
  readonly messages: number;
  readonly bytes: number;
  readonly failures: number;
  readonly reconnects: number;
  readonly state: DeliveryState;
  /** Simulated time between what is known and what the sink has [ms]; negative while ahead. */
  readonly lagMs: number;
  readonly isBehind: boolean;
  readonly isConnected: boolean;
  readonly lastError: string | undefined;
  /** What keeps it from delivering, for as long as it does. */
  readonly problems: readonly Problem[];
  /** What was refused for good, by topic; only so many topics are listed. */
  readonly refused: readonly Refused[];
  readonly refusedTotal: number;
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
