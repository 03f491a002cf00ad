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
/** Messages between two commands: at full production, those of a second. */
const MESSAGES_BETWEEN = 250;
/** Longest delay of the service on a computer that is not overloaded [s]. */
const DELAY_P99_MAX_S = 0.1;

/** Duration of a soak, and the bar for its memory. */
export interface SoakVoyage {
  readonly durationS: number;
  /** Warm-up, during which memory may grow: code is compiled and caches fill [s]. */
  readonly warmUpS: number;
  /** Memory is compared by its median in spans of this length [s]. */
  readonly spanS: number;
  /** Allowed growth of a span over the first one after the warm-up. */
  readonly growthMaxShare: number;
  readonly seed: number;
}

/**
 * An accelerated run while a client injects, clears, starts, stops and configures at random: its
 * memory stays flat, it answers in time, and its journal reproduces every byte that it published.
 */
export async function soakVoyage(t: TestContext, voyage: SoakVoyage): Promise<void> {
  t.diagnostic(`seed ${voyage.seed}`);
  const { dataDir, env: folder } = await embeddedHome();
  const env = { ...(await waiting(SPEED)), ...folder };
  const simulator = new SimulatorProcess(env);
  await simulator.logged(/^running$/);
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
      // The next figures are about the time from here on.
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
  // On an overloaded computer every process is late.
  assert.ok(delayS < DELAY_P99_MAX_S + ownDelayS, `event loop p99 ${delayS} s`);
}

/** Memory of a process that is not swapped out, as the system counts it [MB]. */
function residentMb({ child }: SimulatorProcess): number {
  const pid = String(child.pid);
  return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', pid])) / 1024);
}

/** 99th percentile of the event loop's delay since the last call [s]. */
async function delayP99S(apiPort: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/metrics`);
  const line = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await response.text());
  assert.ok(line, 'no delay of the event loop in /metrics');
  return Number(line[1]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
