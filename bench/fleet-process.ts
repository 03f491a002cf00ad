/**
 * The process that `bench/fleet` measures: the program itself, `run --machines N`, plus a timer
 * that takes the time when every message of a batch is acknowledged.
 */
import type { Batch } from '../src/core/batch.ts';
import { READING } from '../src/core/batch.ts';
import type { Machine } from '../src/core/factory.ts';
import { MessageCounter } from '../src/delivery/figures.ts';
import { lagMs } from '../src/delivery/spread-reader.ts';
import { MqttSink } from '../src/outputs/mqtt/sink.ts';
import { Memo } from '../src/runtime/memo.ts';

const counter = new MessageCounter();

/** Longer delays count as this one [ms]. */
const DELAY_MAX_MS = 60_000;

/** What has been acknowledged since the last report. */
export interface FleetReport {
  readonly messages: number;
  /** Acknowledged readings that fell due in the requested window. */
  readonly dueReadings: number;
  /** Number of messages by their delay, from due to acknowledged [ms]. */
  readonly delays: readonly (readonly [ms: number, count: number])[];
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Since the start of the process [s]. */
  readonly cpuS: number;
}

/** The window: readings that fall due in it are counted [ms]. */
export interface FleetWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

const lags = new Memo((machine: Machine) => lagMs(machine));
const delays = new Uint32Array(DELAY_MAX_MS + 1);
let messages = 0;
let dueReadings = 0;
let window: FleetWindow = { fromMs: Infinity, toMs: Infinity };

function take(batch: Batch, nowMs: number): void {
  messages += counter.ofBatch(batch);
  for (let row = 0; row < batch.length; row++) {
    if (!((batch.flags[row] as number) & READING)) continue;
    const reporting = batch.machines[row] as Machine;
    const dueMs = (batch.timesMs[row] as number) + lags.of(reporting);
    if (dueMs > window.fromMs && dueMs <= window.toMs) dueReadings++;
    const delayMs = Math.min(DELAY_MAX_MS, Math.max(0, Math.round(nowMs - dueMs)));
    delays[delayMs] = (delays[delayMs] as number) + reporting.type.channels.length;
  }
}

const write = MqttSink.prototype.write;
MqttSink.prototype.write = async function (batch: Batch) {
  await write.call(this, batch);
  take(batch, Date.now());
};

process.on('message', (asked: FleetWindow | 'report') => {
  if (asked !== 'report') {
    window = asked;
    dueReadings = 0;
    return;
  }
  const counted: [number, number][] = [];
  for (const [ms, count] of delays.entries()) if (count > 0) counted.push([ms, count]);
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const report: FleetReport = {
    messages,
    dueReadings,
    delays: counted,
    rssBytes: rss,
    heapBytes: heapUsed,
    cpuS: (user + system) / 1e6,
  };
  process.send?.(report);
  messages = 0;
  delays.fill(0);
});
process.once('SIGTERM', () => process.disconnect());

await import('../main.js' as string);
