/**
 * 100,000 machines, 20,000 of each basic type, live from one process into a dedicated Mosquitto at
 * QoS 1: messages acknowledged per second, their delay, and the memory used. The broker's own limit
 * for the same kind of messages, from a raw socket, is measured before and after. If the fleet
 * produces more than that, its share of the limit is what counts.
 * `npm run bench -- fleet` takes ten minutes; `--minutes=1` makes a shorter run, `--machines=10000`
 * a smaller fleet.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FactoryDescription } from '../src/core/factory.ts';
import { lagMs } from '../src/delivery/spread-reader.ts';
import { DEFAULT_CALENDAR } from '../src/factory/default-factory.ts';
import { largeFleet } from '../src/factory/index.ts';
import { machineTypes } from '../src/machines/index.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader, type Reader } from '../src/simulation/reader.ts';
import { freePort, startMosquitto } from '../test/servers.ts';
import type { FleetReport, FleetWindow } from './fleet-process.ts';
import { START_MS } from './fleets.ts';
import { machine, middle } from './measure.ts';
import { packetChunks, RawClient, readBatches } from './raw-client.ts';

const option = (name: string, otherwise: number) =>
  Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise);
const MINUTES = option('minutes', 5);
const MACHINES = option('machines', 100_000);

/** The bars, for 100,000 machines. */
const DELAY_P99_MAX_MS = 1000;
const RSS_MAX_BYTES = 2e9;
/** A start that takes longer has failed: ten times its duration on an idle core. */
const START_MAX_MS = 60_000 + 15 * MACHINES;
/** A fleet counts as live once it has been on time for this many seconds in a row. */
const STEADY_S = 10;
/** Readings due at the end of the window must be acknowledged within this time [ms]. */
const END_MS = 5000;
/** Machines whose messages the raw socket publishes, and the number of messages per run. */
const RAW_MACHINES = 500;
const RAW_MESSAGES = 250_000;
const RAW_RUNS = 5;
/** A fleet that reaches this share of the broker's limit counts as live. */
const LIMITED_SHARE = 0.85;
/** If the broker accepts more than the fleet produces, the backlog of the start is gone by then. */
const LIMITED_AFTER_S = 120;

const folder = mkdtempSync(join(tmpdir(), 'enms-fleet-'));
const broker = await startMosquitto();
const described = largeFleet(MACHINES, DEFAULT_CALENDAR, machineTypes).factories;
const chunks = packetChunks(readBatches(someMachines(), RAW_MESSAGES), 1);
const limits = [await rawLimit()];
const apiPort = await freePort();
const main = fileURLToPath(new URL('./fleet-process.js', import.meta.url));
const startMs = performance.now();
const simulator = fork(main, ['run', '--machines', String(MACHINES)], {
  cwd: folder,
  env: {
    PATH: process.env['PATH'] ?? '',
    MQTT_HOST: broker.host,
    MQTT_PORT: String(broker.port),
    MQTT_CLIENT_ID: 'fleet',
    API_PORT: String(apiPort),
    LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const answersMs: number[] = [];
try {
  console.log(`\n${MACHINES} live machines, QoS 1, ${MINUTES} minutes\n${machine()}`);
  const isOnTime = await whenLive();
  const startS = (performance.now() - startMs) / 1000;
  const startAnswerMs = Math.max(...answersMs.splice(0));
  console.log(
    `  start          ${isOnTime ? 'live' : 'at the limit of the broker'} after ` +
      `${startS.toFixed(0)} s; ` +
      `the API answered within ${startAnswerMs.toFixed(0)} ms meanwhile`,
  );
  const perS = await measure(isOnTime ? 'MISSED' : 'missed: the broker is the limit');
  await ended();
  limits.push(await rawLimit());
  const [before, after] = limits.map((rates) => rates.map(thousands).join(' / '));
  const limitPerS = middle(limits.flat());
  console.log(
    `  broker         accepts ${before} k messages/s from a raw socket before, ${after} k after; ` +
      `the fleet: ${(perS / limitPerS).toFixed(2)} × the median`,
  );
} finally {
  await ended();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Stops the simulator if it is still running. */
async function ended(): Promise<void> {
  if (simulator.exitCode !== null || simulator.signalCode !== null) return;
  simulator.kill('SIGTERM');
  await once(simulator, 'exit');
}

/** A reader of some of the fleet's machines. */
function someMachines(): Reader {
  const [factory] = described as [FactoryDescription];
  const machines = factory.machines.filter(
    (_, i) => i % Math.ceil(factory.machines.length / RAW_MACHINES) === 0,
  );
  const reader = createReader(createFleet([{ ...factory, machines }]));
  reader.seek(START_MS);
  return reader;
}

/** The broker's rate from a raw socket, run by run [messages/s]. */
async function rawLimit(): Promise<readonly number[]> {
  const client = await RawClient.open(broker.host, broker.port);
  const rates: number[] = [];
  for (let run = -1; run < RAW_RUNS; run++) {
    const sinceMs = performance.now();
    const count = await client.publish(1, chunks);
    if (run >= 0) rates.push((1000 * count) / (performance.now() - sinceMs));
  }
  client.close();
  return rates.toSorted((a, b) => a - b);
}

/**
 * Waits until the fleet has been on time, or at the broker's limit, for some seconds.
 * @returns Whether it is on time.
 */
async function whenLive(): Promise<boolean> {
  let limitedS = 0;
  for (let steadyS = 0; steadyS < STEADY_S; ) {
    if (simulator.exitCode !== null) throw new Error('the simulator ended');
    if (performance.now() - startMs > START_MAX_MS) throw new Error('the simulator is not live');
    await sleep(1000);
    await askStatus();
    const report = await reported(simulator);
    const isOnTime = report.messages > 0 && quantileMs(report.delays, 0.99) < DELAY_P99_MAX_MS;
    steadyS = isOnTime ? steadyS + 1 : 0;
    const isLimited = report.messages > LIMITED_SHARE * middle(limits.flat());
    limitedS = isLimited && !isOnTime ? limitedS + 1 : 0;
    if (limitedS >= LIMITED_AFTER_S) return false;
  }
  return true;
}

/**
 * Measures the live fleet and prints the figures.
 *
 * @param missed - Printed for a bar that is not met.
 * @returns Acknowledged messages per second.
 */
async function measure(missed: string): Promise<number> {
  const fromMs = Math.ceil(Date.now() / 1000) * 1000 + 1000;
  const toMs = fromMs + MINUTES * 60_000;
  simulator.send({ fromMs, toMs } satisfies FleetWindow);
  await sleep(fromMs - Date.now());
  const before = await reported(simulator);
  const reports: FleetReport[] = [];
  while (Date.now() < toMs + END_MS) {
    await sleep(1000);
    await askStatus();
    reports.push(await reported(simulator));
  }
  const last = reports.at(-1) as FleetReport;
  const spanS = (toMs + END_MS - fromMs) / 1000;
  const messages = reports.reduce((sum, report) => sum + report.messages, 0);
  const delays = reports.flatMap((report) => report.delays);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantileMs(delays, share)) as [
    number,
    number,
    number,
  ];
  const rssBytes = Math.max(...reports.map((report) => report.rssBytes));
  const expected = dueReadings({ fromMs, toMs });
  const verdict = (isMet: boolean) => (isMet ? 'met' : missed);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `  acknowledged   ${last.dueReadings} of ${expected} readings: ` +
      `${verdict(last.dueReadings === expected)}; ${(messages / spanS).toFixed(0)} messages/s\n` +
      `  delay          p50 ${p50} ms, p99 ${p99} ms, max ${most} ms; ` +
      `bar p99 ${DELAY_P99_MAX_MS} ms: ${verdict(p99 < DELAY_P99_MAX_MS)}\n` +
      `  resident set   ${megabytes(rssBytes)} (heap ${megabytes(last.heapBytes)}); ` +
      `bar ${megabytes(RSS_MAX_BYTES)}: ${verdict(rssBytes < RSS_MAX_BYTES)}\n` +
      `  processor      ${((100 * (last.cpuS - before.cpuS)) / spanS).toFixed(0)} % of a core\n` +
      `  status         at most ${Math.max(...answersMs).toFixed(0)} ms per response`,
  );
  return messages / spanS;
}

/** Readings of the fleet that fall due in a window. */
function dueReadings({ fromMs, toMs }: FleetWindow): number {
  let count = 0;
  for (const { id, type, intervalS } of described.flatMap(({ machines }) => machines)) {
    const intervalMs = 1000 * intervalS;
    const lag = lagMs({ id, intervalMs });
    if (!machineTypes.some((each) => each.type === type)) throw new Error(`no type ${type}`);
    count += Math.floor((toMs - lag) / intervalMs) - Math.floor((fromMs - lag) / intervalMs);
  }
  return count;
}

async function reported(process: ChildProcess): Promise<FleetReport> {
  process.send('report');
  const [report] = await once(process, 'message');
  return report as FleetReport;
}

async function askStatus(): Promise<void> {
  const sinceMs = performance.now();
  const answer = await fetch(`http://127.0.0.1:${apiPort}/simulator/status`).catch(() => undefined);
  if (!answer?.ok) return;
  await answer.arrayBuffer();
  answersMs.push(performance.now() - sinceMs);
}

/** The delay that a share of all messages did not exceed [ms]. */
function quantileMs(delays: FleetReport['delays'], share: number): number {
  const sorted = delays.toSorted(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [ms, count] of sorted) {
    seen += count;
    if (seen >= share * total) return ms;
  }
  return 0;
}

function thousands(perS: number): string {
  return (perS / 1000).toFixed(1);
}
