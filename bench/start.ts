/**
 * What the default factory costs: the time until its first reading is at a subscriber, compared
 * with a bare Node process; its resident set after some minutes of use, with the embedded database
 * and with a server's; and its processor time at rest, compared with a loop of as many timers.
 *
 * `npm run bench -- start` takes ten minutes; `--minutes=1` shortens the last two parts, `--only=`
 * with `start`, `memory` or `rest` makes one of them. Needs Linux, whose `/proc` has the figures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from 'mqtt';
import { startPostgres, withoutPostgres } from '../test/postgres.ts';
import { freePort } from '../test/servers.ts';
import { machine, middle } from './measure.ts';

const option = (name: string) =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1];
const MINUTES = Number(option('minutes') ?? 3);

/** The bars: times a bare process, megabytes, times a timer loop. */
const EXISTING_MAX = 12;
const NEW_MAX = 25;
const EMBEDDED_MAX_MB = 200;
const SERVER_MAX_MB = 110;
const REST_MAX = 3;

const ROUNDS = 9;
/** How long the factory is away between two starts, so that it has something to catch up on. */
const AWAY_MS = 3000;
/** Starts are spread over the second, since a new factory waits for the next whole one. */
const SECOND_MS = 1000;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const RETRY_MS = 2;
/** By now everything is loaded and compiled, and V8 has collected what the start left behind. */
const WARM_UP_S = 60;
/** One fault of ten seconds every so often [s]. */
const FAULT_EVERY_S = 20;
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** A running default factory. */
interface Running {
  readonly pid: number;
  readonly api: string;
  readonly brokerPort: number;
  stop(): Promise<void>;
}

const folder = mkdtempSync(join(tmpdir(), 'enms-start-'));
const parts: Readonly<Record<string, () => Promise<void>>> = { start, memory, rest };
try {
  console.log(`\nDefault factory\n${machine()}; min / median / max`);
  for (const [name, part] of Object.entries(parts))
    if ((option('only') ?? name) === name) await part();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The first message, on an existing data directory and on a new one. */
async function start(): Promise<void> {
  const bare: number[] = [];
  const existing: number[] = [];
  const fresh: number[] = [];
  await firstMessage('existing');
  for (let round = 0; round < ROUNDS; round++) {
    const phaseMs = SECOND_MS * ((GOLDEN * round) % 1);
    await sleep(AWAY_MS);
    bare.push(await bareStart());
    await untilPhase(phaseMs);
    existing.push(await firstMessage('existing'));
    bare.push(await bareStart());
    await untilPhase(phaseMs);
    fresh.push(await firstMessage(`new-${round}`));
    bare.push(await bareStart());
  }
  // The three bare starts of each round, before, between and after its two starts.
  const base = existing.map((_, round) => middle(bare.slice(3 * round, 3 * round + 3)));
  const ratio = (times: readonly number[]) =>
    middle(times.map((ms, round) => ms / (base[round] as number)));
  console.log(`  bare Node process      ${spread(bare)} ms`);
  print('existing data directory', `${spread(existing)} ms`, ratio(existing), EXISTING_MAX, ' ×');
  print('new data directory', `${spread(fresh)} ms`, ratio(fresh), NEW_MAX, ' ×');
}

/** Waits until the wall clock shows a given part of a second [ms]. */
function untilPhase(phaseMs: number): Promise<void> {
  return sleep((SECOND_MS + phaseMs - (Date.now() % SECOND_MS)) % SECOND_MS);
}

/** The time from the start of a bare Node process to its end [ms]. */
async function bareStart(): Promise<number> {
  const sinceMs = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - sinceMs;
}

/** The time from the start of the process to the first reading at a subscriber [ms]. */
async function firstMessage(dataDir: string): Promise<number> {
  const sinceMs = performance.now();
  const running = await launch({ DATA_DIR: join(folder, dataDir) });
  while (!(await isOpen(running.brokerPort))) await sleep(RETRY_MS);
  const client = connect({ port: running.brokerPort });
  client.subscribe('factory/#');
  await new Promise((resolve) => client.once('message', resolve));
  const ms = performance.now() - sinceMs;
  client.end(true);
  await running.stop();
  return ms;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port);
    const end = (isReached: boolean) => {
      socket.destroy();
      resolve(isReached);
    };
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}

/** The resident set, with a subscriber to everything, status requests and faults. */
async function memory(): Promise<void> {
  await residentSet('embedded database', { DATA_DIR: join(folder, 'memory') }, EMBEDDED_MAX_MB);
  const skipped = withoutPostgres();
  if (skipped) return console.log(`  PostgreSQL: skipped, ${skipped}`);
  const postgres = await startPostgres();
  const { host, port, user, database } = await postgres.newDatabase();
  const url = `postgres://${user}@${host}:${port}/${database}`;
  try {
    await residentSet('PostgreSQL server', { DATABASE_URL: url }, SERVER_MAX_MB);
  } finally {
    await postgres.close();
  }
}

async function residentSet(
  title: string,
  env: Readonly<Record<string, string>>,
  barMb: number,
): Promise<void> {
  const running = await launch(env);
  while (!(await isOpen(Number(new URL(running.api).port)))) await sleep(RETRY_MS);
  const client = connect({ port: running.brokerPort });
  client.subscribe('#');
  const samples: number[] = [];
  for (let second = 0; second < WARM_UP_S + 60 * MINUTES; second++) {
    await sleep(1000);
    await ask(running, '/simulator/status');
    if (second % FAULT_EVERY_S === 0)
      await ask(running, `/simulator/machines/Compressor-1/anomaly`, {
        anomaly_type: 'leak',
        duration_seconds: 10,
      });
    if (second >= WARM_UP_S) samples.push(megabytes(running.pid, 'VmRSS'));
  }
  const figures = `${spread(samples)} MB, at most ${megabytes(running.pid, 'VmHWM').toFixed(0)} MB`;
  print(title, figures, middle(samples), barMb, ' MB');
  client.end(true);
  await running.stop();
}

async function ask({ api }: Running, path: string, body?: object): Promise<unknown> {
  const response = await fetch(api + path, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  if (!response.ok && response.status !== 409)
    throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Processor time without any client, and that of a loop of as many timers. */
async function rest(): Promise<void> {
  const running = await launch({ DATA_DIR: join(folder, 'rest') });
  await sleep(1000 * WARM_UP_S);
  const own = await idle(running.pid);
  await running.stop();
  const perS = own.wakeUps / (60 * MINUTES);
  const loop = spawn(process.execPath, ['-e', `setInterval(() => {}, ${1000 / perS})`]);
  await sleep(10_000);
  const bare = await idle(loop.pid as number);
  loop.kill();
  const inWords = ({ cpuMs, wakeUps }: Idle) =>
    `${(cpuMs / MINUTES).toFixed(0)} ms a minute, ${(wakeUps / MINUTES).toFixed(0)} wake-ups`;
  console.log(`  timer loop             ${inWords(bare)}`);
  print('factory at rest', inWords(own), own.cpuMs / bare.cpuMs, REST_MAX, ' ×');
}

interface Idle {
  readonly cpuMs: number;
  readonly wakeUps: number;
}

/** What a process uses in the next minutes, in all its threads. */
async function idle(pid: number): Promise<Idle> {
  const before = usage(pid);
  await sleep(60_000 * MINUTES);
  const after = usage(pid);
  return { cpuMs: after.cpuMs - before.cpuMs, wakeUps: after.wakeUps - before.wakeUps };
}

function usage(pid: number): Idle {
  let cpuMs = 0;
  let wakeUps = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const file = (name: string) => readFileSync(`/proc/${pid}/task/${thread}/${name}`, 'utf8');
    cpuMs += Number(file('schedstat').split(' ')[0]) / 1e6;
    wakeUps += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(file('status'))?.[1]);
  }
  return { cpuMs, wakeUps };
}

/** A size from the status of a process. */
function megabytes(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])) / 1e6;
}

async function launch(env: Readonly<Record<string, string>>): Promise<Running> {
  const [apiPort, brokerPort] = [await freePort(), await freePort()];
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'run'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      SIMULATION_SEED: '42',
      LOG_LEVEL: 'error',
      API_PORT: String(apiPort),
      MQTT_PORT: String(brokerPort),
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return {
    pid: child.pid as number,
    api: `http://127.0.0.1:${apiPort}`,
    brokerPort,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function spread(figures: readonly number[]): string {
  const all = [Math.min(...figures), middle(figures), Math.max(...figures)];
  return all.map((figure) => figure.toFixed(0)).join(' / ');
}

function print(title: string, figures: string, value: number, bar: number, unit: string): void {
  const verdict = value <= bar ? 'met' : 'MISSED';
  console.log(
    `  ${title.padEnd(22)} ${figures}   ${value.toFixed(1)}${unit}; at most ${bar}${unit}: ${verdict}`,
  );
}
