/** Tries one cell of the matrix: a real delivery, a real peer, and health. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Delivery } from '../../src/delivery/delivery.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { RealClock } from '../../src/service/clock.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Health } from '../../src/service/health.ts';
import { RealTime } from '../../src/service/real-time.ts';
import { demoFleet, START_MS } from '../delivery/demo.ts';
import type { Postgres } from '../postgres.ts';
import { type Cell, type Line, WELL_AFTER_S } from './matrix.ts';
import { type Entry, type Scale, setStage } from './matrix-stages.ts';

/** How often health is polled [ms]. */
const LOOK_MS = 20;
/** Size of the clock step. */
const STEP_MS = 3_600_000;
/** How long everything has worked before the failure [simulated ms]. */
const WELL_MS = 3000;
/** Lines about the lag of a sink, which are logged independently. */
const PACE = /^\w+ (is behind and catches up|has caught up)$/;

interface Said extends Line {
  readonly topic?: string;
}

/**
 * Makes a peer misbehave and recover, and fails unless health, the log and the arrivals are as the
 * cell says.
 */
export async function tryCell(
  t: TestContext,
  cell: Cell,
  scale: Scale,
  postgres: Postgres,
): Promise<void> {
  const said: Said[] = [];
  const say = (fields: object, message: string) => {
    if (!PACE.test(message)) said.push({ ...fields, message });
  };
  const log = { info: say, warn: say };
  const stage = await setStage(t, [cell.sink, cell.condition], scale, log, postgres);
  let offsetMs = 0;
  const time = new RealTime({ log, wallMs: () => Date.now() + offsetMs });
  const { speed, stallMs, steadyMs, lagMaxMs } = scale;
  const clock = new RealClock({ speed, startMs: START_MS, realNowMs: () => time.nowMs() });
  const fleet = demoFleet();
  const eventLog = new LocalEventLog(fleet.journal, clock, new MemoryLog());
  const delivery = new Delivery({
    ...{ fleet, clock, log, stallMs, steadyMs },
    ...(cell.condition === 'slow' && { lagMaxMs }),
    sink: stage.sink,
    horizonMs: () => eventLog.horizonMs(),
    leaps: () => time.leaps,
    watermarks: new MemoryWatermarks(),
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 0,
    beginMs: START_MS,
  });
  const health = new Health({ clock, eventLog, deliveries: [delivery], clockState: time, log });
  const watch = new Watch(t, health, scale);
  const running = delivery.run();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    stopping ??= delivery.stop().then(() => stage.sink.close());
    await stopping;
    await running;
  };
  t.after(stop);
  const isSaid = ({ message }: Line) => said.some((line) => plain(line.message, scale) === message);

  if (stage.misbehave)
    await watch.until(
      () => delivery.deliveredMs > START_MS + WELL_MS && watch.now.length === 0,
      'it works at first',
    );
  if (stage.misbehave) {
    // On a busy computer even the start may take long.
    said.length = 0;
    watch.seen.clear();
  }
  if (cell.condition === 'clock stepped') offsetMs = STEP_MS;
  const startMs = performance.now();
  const misbehaving = stage.misbehave?.();
  const { problem } = cell;
  const [first] = cell.log;
  if (problem) {
    const { part, reason, withinS } = problem;
    const wanted = `${part}: ${reason}`;
    await watch.until(() => watch.now.includes(wanted), wanted);
    const tookS = (performance.now() - startMs) / 1000;
    t.diagnostic(`${wanted} after ${tookS.toFixed(1)} s`);
    if (scale.isTimed) assert.ok(tookS <= withinS, `${wanted} took ${tookS} s`);
  } else await watch.until(() => performance.now() > startMs + scale.quietMs, 'quiet');
  await watch.until(() => !first || isSaid(first), 'the log');
  await misbehaving;
  if (cell.condition === 'clock stepped') offsetMs = 0;
  await stage.heal?.();
  const healedMs = performance.now();
  const isHealed = () => watch.now.length === 0 && delivery.figures.state === 'live';
  await watch.until(() => isHealed() && cell.log.every(isSaid), 'health and the log afterwards');
  const healthyS = (performance.now() - healedMs) / 1000;
  t.diagnostic(`healthy ${healthyS.toFixed(1)} s after the peer`);
  const { wellAfterS = WELL_AFTER_S } = cell;
  if (scale.isTimed) assert.ok(healthyS <= wellAfterS, `it took ${healthyS} s to be healthy`);
  const untilMs = eventLog.horizonMs();
  await watch.until(() => delivery.deliveredMs >= untilMs, 'the rest');
  const { refused } = delivery.figures;
  const arrived = await stage.arrived();
  await stop();

  assertHealth(watch, cell);
  assertLog(said, cell, scale);
  const refusedCounts = new Map(refused.map(({ topic, count }) => [topic, count]));
  for (const entries of arrived)
    assertArrived(await stage.wanted(), entries, untilMs, refusedCounts);
}

interface Waiter {
  readonly holds: () => boolean;
  readonly what: string;
  readonly settle: () => void;
}

/** Polls health and records its problems. */
class Watch {
  /** The current problems, in the notation of the matrix. */
  now: readonly string[] = [];
  /** All problems so far. */
  readonly seen = new Set<string>();
  readonly #waiting = new Set<Waiter>();

  constructor(t: TestContext, health: Health, scale: Scale) {
    const timer = setInterval(() => {
      this.now = health.problems.map(({ part, reason }) => `${part}: ${plain(reason, scale)}`);
      for (const problem of this.now) this.seen.add(problem);
      for (const waiter of [...this.#waiting])
        if (waiter.holds()) {
          this.#waiting.delete(waiter);
          waiter.settle();
        }
    }, LOOK_MS);
    t.after(() => clearInterval(timer));
    t.signal.addEventListener('abort', () => {
      for (const { what } of this.#waiting)
        t.diagnostic(`it waited for: ${what}; health says: ${this.now.join() || 'nothing'}`);
    });
  }

  /** Waits until a condition holds. */
  async until(holds: () => boolean, what: string): Promise<void> {
    await new Promise<void>((settle) => void this.#waiting.add({ holds, what, settle }));
  }
}

function assertHealth({ seen }: Watch, { problem, log, maybe = [], sink }: Cell): void {
  const part = sink === 'embedded' ? 'mqtt' : sink;
  const known = new Set([`${part}: not connected`]);
  if (problem) known.add(base(`${problem.part}: ${problem.reason}`));
  for (const { reason } of [...log, ...maybe])
    if (reason !== undefined) known.add(base(`${part}: ${reason}`));
  // It is behind before it has stalled.
  if (problem) known.add(`${part}: it is N s behind and does not catch up`);
  else known.clear();
  for (const each of seen) assert.ok(known.has(base(each)), `health said: ${each}`);
}

/** A reason without its counts. */
function base(problem: string): string {
  return problem
    .replace('the connection was lost N times: ', '')
    .replace(/, usually for .*$/, '')
    .replace(' and of N other topics', '');
}

function assertLog(said: readonly Said[], cell: Cell, scale: Scale): void {
  const text = ({ message, reason }: Line) =>
    `${plain(message, scale)}${reason === undefined ? '' : ` (${plain(reason, scale)})`}`;
  const reasons = said.filter(({ reason }) => reason !== undefined);
  const full = reasons.map((line) => `${text(line)} ${line.topic ?? ''}`);
  const maybe = new Set(cell.maybe?.map(text));
  const lines = [...new Set(said.map(text))];
  assert.deepEqual(
    lines.filter((line) => !maybe.has(line)),
    cell.log.map(text),
  );
  assert.deepEqual(full, [...new Set(full)], 'every change of the reason is one line');
}

function assertArrived(
  wanted: ReadonlyMap<string, string>,
  entries: readonly Entry[],
  untilMs: number,
  refused: ReadonlyMap<string, number>,
): void {
  const got = new Set<string>();
  for (const [key, bytes] of entries) {
    assert.equal(bytes, wanted.get(key), key);
    got.add(key);
  }
  const missing = new Map<string, number>();
  for (const key of wanted.keys()) {
    const [topic = '', time = ''] = key.split(' ');
    if (Date.parse(time) > untilMs || got.has(key)) continue;
    missing.set(topic, (missing.get(topic) ?? 0) + 1);
  }
  const counted = [...refused].filter(([topic]) => !topic.endsWith('/status'));
  assert.deepEqual(Object.fromEntries([...missing].sort()), Object.fromEntries(counted.sort()));
}

/** A text without the parts that differ each time. */
function plain(text: string, { stallMs }: Scale): string {
  return text
    .replaceAll('127.0.0.1', 'HOST')
    .replace(/HOST:\d+/g, 'HOST:PORT')
    .replace(/\btest_\d+\b/g, 'DATABASE')
    .replace(/factory\/demo\/[\w-]+\/\w+/g, 'TOPIC')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/lost \d+ times/, 'lost N times')
    .replace(/it is \d+ s behind/, 'it is N s behind')
    .replace(/of \d+ other topics?/, 'of N other topics')
    .replace(`acknowledged for ${stallMs / 1000} s`, 'acknowledged for 30 s')
    .replace(' while publishing TOPIC', '')
    .replace(/ \((read|write) (ECONNRESET|EPIPE)\)$/, '')
    .replace(/(read|write) (ECONNRESET|EPIPE)$/, 'Connection terminated unexpectedly');
}
