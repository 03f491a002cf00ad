/** A delivery to a faulty sink, with its log and its problems. */

import type { TestContext } from 'node:test';
import type { Sink } from '../../src/core/sink.ts';
import {
  Delivery,
  type DeliveryFigures,
  type DeliveryOptions,
} from '../../src/delivery/delivery.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { until } from '../until.ts';
import { demoFleet, START_MS } from './demo.ts';

/** Replaces the 30 s after which delivery gives up [ms]. */
const STALL_MS = 300;

/** A line of the log. */
export interface Line {
  readonly message: string;
  readonly reason?: string;
  readonly topic?: string;
  readonly losses?: number;
}

/** A running delivery. */
export interface Trial {
  readonly delivery: Delivery;
  readonly lines: readonly Line[];
  readonly figures: DeliveryFigures;
  /** Lets simulated time pass. */
  pass(seconds: number): void;
  /** Lets everything else run until everything due has been delivered. */
  delivered(): Promise<void>;
  /** Lets everything else run until a line is logged. */
  said(message: string): Promise<Line>;
  messages(): readonly string[];
}

/** Starts a delivery; the defaults are short enough for tests. */
export function tryOut(t: TestContext, sink: Sink, options: Partial<DeliveryOptions> = {}): Trial {
  const clock = new InstantClock(START_MS);
  const lines: Line[] = [];
  const say = (fields: object, message: string) => {
    // Simulated time passes in jumps, and a sink is behind after each.
    if (!/is behind|has caught up/.test(message)) lines.push({ ...fields, message });
  };
  const delivery = new Delivery({
    fleet: demoFleet(),
    sink,
    clock,
    horizonMs: () => clock.nowMs(),
    watermarks: new MemoryWatermarks(),
    log: { info: say, warn: say },
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 0,
    beginMs: START_MS,
    stallMs: STALL_MS,
    ...options,
  });
  const running = delivery.run();
  t.after(async () => {
    const stopped = delivery.stop();
    await sink.close();
    await stopped;
    await running;
  });
  return {
    delivery,
    lines,
    get figures() {
      return delivery.figures;
    },
    pass: (seconds) => clock.advanceTo(clock.nowMs() + 1000 * seconds),
    async delivered() {
      await until(() => !Number.isNaN(delivery.deliveredMs) && delivery.figures.lagMs === 0);
    },
    async said(message) {
      await until(() => lines.some((line) => line.message === message));
      return lines.find((line) => line.message === message) as Line;
    },
    messages: () => lines.map(({ message }) => message),
  };
}

/** The readings expected in the first seconds, in order. */
export async function due(seconds: number): Promise<readonly string[]> {
  const sink = new MemorySink();
  const reader = createReader(demoFleet());
  reader.seek(START_MS);
  for (const batch of batches(reader, START_MS + 1000 * seconds)) await sink.write(batch);
  return sink.messages
    .filter(({ isRetained }) => !isRetained)
    .map(({ topic, payload }) => `${topic} ${payload}`);
}
