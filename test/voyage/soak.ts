import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import { Client } from './client.ts';
import { SimulatorProcess } from './simulator-process.ts';
import { Past, VOYAGE_START_MS } from './uninterrupted.ts';
import { embeddedHome, waiting } from './voyage.ts';
import { Witness } from './witness.ts';

const SPEED = 60;
/** Messages between two things that are done to the factory: at full production a second. */
const MESSAGES_BETWEEN = 250;
/** What the service keeps to on a computer that is not late itself [s]. */
const DELAY_P99_MAX_S = 0.1;

/** How long a soak takes, and how flat the memory stays. */
export interface SoakVoyage {
  readonly durationS: number;
  /** Memory may grow so long, while code is compiled and caches fill [s]. */
  readonly warmUpS: number;
  /** Memory is told in spans of this length, by its median in each [s]. */
  readonly spanS: number;
  /** How much more memory a span may take than the first one after the warm-up. */
  readonly growthMaxShare: number;
  readonly seed: number;
}

/**
 * An accelerated run while somebody injects, clears, starts, stops and configures at random: its
 * memory stays flat, it answers in time, and from its journal follows every byte that it said.
 */
export async function soakVoyage(t: TestContext, voyage: SoakVoyage): Promise<void> {
  t.diagnostic(`seed ${voyage.seed}`);
  const { dataDir, env: folder } = await embeddedHome();
  const env = { ...(await waiting(SPEED)), ...folder };
  const simulator = new SimulatorProcess(env);
  await simulator.told(/^running$/);
  const witness = await Witness.open('127.0.0.1', Number(env.MQTT_PORT));
  t.after(() => witness.close());
  const client = new Client(env.API_PORT, voyage.seed);
  await client.start();

  const untilMs = VOYAGE_START_MS + voyage.durationS * SPEED * 1000;
  const spans: number[][] = [];
  const own = monitorEventLoopDelay();
  let actions = 0;
  for (let span = -1; witness.latestMs < untilMs; ) {
    await client.act();
    actions++;
    const next = witness.count + MESSAGES_BETWEEN;
    await witness.until(() => witness.count >= next, simulator);
    const passedS = (witness.latestMs - VOYAGE_START_MS) / (SPEED * 1000) - voyage.warmUpS;
    if (passedS < 0) continue;
    if (span < 0) {
      // What is told next is about the time from here on.
      await delayP99S(env.API_PORT);
      own.enable();
    }
    span = Math.floor(passedS / voyage.spanS);
    const sizes = spans[span] ?? [];
    sizes.push(residentMb(simulator));
    spans[span] = sizes;
  }
  const delayS = await delayP99S(env.API_PORT);
  const ownDelayS = own.percentile(99) / 1e9;
  own.disable();
  assert.equal(await simulator.stop(), 0);
  await witness.farewell();

  const levels = spans.map(median);
  t.diagnostic(`memory ${levels.join(', ')} MB`);
  t.diagnostic(`event loop p99 ${delayS} s, of this process ${ownDelayS} s`);
  const past = await Past.read({ dataDir });
  const events = past.fleet.journal.events.length;
  t.diagnostic(`${actions} actions, ${events} events, ${past.assertSaid(witness)} messages`);
  assert.ok(levels.length > 1, 'nothing to compare');
  const growthShare = Math.max(...levels) / (levels[0] as number) - 1;
  assert.ok(growthShare <= voyage.growthMaxShare, `memory grew by ${growthShare}`);
  // On a computer that has too much to do everybody is late.
  assert.ok(delayS < DELAY_P99_MAX_S + ownDelayS, `event loop p99 ${delayS} s`);
}

/** Memory of a process that is not swapped out, as the system counts it [MB]. */
function residentMb({ child }: SimulatorProcess): number {
  const pid = String(child.pid);
  return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', pid])) / 1024);
}

/** By how much 1 % of the event loop's turns were late at least, since it was asked last [s]. */
async function delayP99S(apiPort: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/metrics`);
  const line = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await response.text());
  assert.ok(line, 'no delay of the event loop in /metrics');
  return Number(line[1]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
