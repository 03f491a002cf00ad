/**
 * The dashboard's factory page with 1,000 live machines, over ten minutes: the share of a core that
 * its scripts take, and its heap after a collection. `npm run bench -- dashboard`, or with
 * `--minutes=2` for a shorter run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CDPSession } from 'playwright-core';
import type { Parameter } from '../src/core/machine.ts';
import { machineTypes } from '../src/machines/index.ts';
import { freePort } from '../test/servers.ts';
import { launchChromium, open, withoutChromium } from '../test/web/chromium.ts';
import { machine } from './measure.ts';

const MACHINES = 1000;
const MINUTES = Number(
  process.argv.find((word) => word.startsWith('--minutes='))?.split('=')[1] ?? 10,
);
/** By this time the page has fetched and drawn everything [s]. */
const WARM_UP_S = 45;
const SAMPLE_S = 15;
/** Bars: the scripts' share of a core, and the growth of the heap over the run. */
const SCRIPT_SHARE_MAX = 0.2;
const HEAP_GROWTH_MAX = 0.1;
const LISTEN_MAX_MS = 60_000;

const skipped = withoutChromium();
if (skipped) console.log(`\nDashboard: skipped, ${skipped}`);
else await measure();

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'enms-bench-'));
  const port = await freePort('127.0.0.1');
  const simulator = await start(folder, port);
  const browser = await launchChromium();
  try {
    const { page } = await open(browser, `http://127.0.0.1:${port}`);
    await page
      .locator('.tile')
      .nth(MACHINES - 1)
      .waitFor({ state: 'attached' });
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    console.log(`\nFactory page, ${MACHINES} live machines, ${MINUTES} minutes\n${machine()}`);
    await sleep(1000 * WARM_UP_S);
    const samples = await samplesOf(session);
    if (await page.locator('.lost').isVisible()) throw new Error('the page lost the simulator');
    report(samples);
  } finally {
    await browser.close();
    simulator.kill('SIGTERM');
    await once(simulator, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A simulator in its own process, on a factory with equal numbers of all machine types. */
async function start(folder: string, port: number): Promise<ChildProcess> {
  const machines = Array.from({ length: MACHINES }, (_, i) => {
    const { type, parameters } = machineTypes[i % machineTypes.length] as (typeof machineTypes)[0];
    const id = `c0000000-0000-0000-0000-${String(i).padStart(12, '0')}`;
    const rated_power_kw = (parameters['ratedPowerKw'] as Parameter).value;
    return { id, name: `${type}-${i}`, type, rated_power_kw };
  });
  const factory = { id: '11111111-1111-1111-1111-111111111111', name: 'Large plant', machines };
  const file = join(folder, 'factory.json');
  writeFileSync(file, JSON.stringify({ factories: [factory] }));
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const env = {
    ...process.env,
    DATA_DIR: folder,
    FACTORY_FILE: file,
    API_PORT: String(port),
    MQTT_PORT: String(await freePort('127.0.0.1')),
    LOG_LEVEL: 'warn',
  };
  const simulator = spawn(process.execPath, [main], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const untilMs = performance.now() + LISTEN_MAX_MS; ; await sleep(100)) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/live`).catch(() => undefined);
    if (answer?.ok) return simulator;
    if (simulator.exitCode !== null || performance.now() > untilMs)
      throw new Error('the simulator did not start');
  }
}

interface Sample {
  readonly timeS: number;
  readonly scriptS: number;
  readonly taskS: number;
  readonly heapMb: number;
}

async function samplesOf(session: CDPSession): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let i = 0; i <= (60 * MINUTES) / SAMPLE_S; i++) {
    if (i > 0) await sleep(1000 * SAMPLE_S);
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (name: string) =>
      metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    samples.push({
      timeS: of('Timestamp'),
      scriptS: of('ScriptDuration'),
      taskS: of('TaskDuration'),
      heapMb: of('JSHeapUsedSize') / 1e6,
    });
  }
  return samples;
}

function report(samples: readonly Sample[]): void {
  const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample];
  const spanS = last.timeS - first.timeS;
  const scriptShare = (last.scriptS - first.scriptS) / spanS;
  const taskShare = (last.taskS - first.taskS) / spanS;
  const third = Math.max(1, Math.floor(samples.length / 3));
  const [early, late] = [mean(samples.slice(0, third)), mean(samples.slice(-third))];
  const growth = late / early - 1;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const verdict = (isMet: boolean) => (isMet ? 'met' : 'MISSED');
  console.log(
    `  scripts        ${percent(scriptShare)} of a core (all tasks ${percent(taskShare)}); ` +
      `bar ${percent(SCRIPT_SHARE_MAX)}: ${verdict(scriptShare < SCRIPT_SHARE_MAX)}`,
  );
  console.log(
    `  heap           ${samples.map(({ heapMb }) => heapMb.toFixed(1)).join(' ')} MB; ` +
      `last third against first ${percent(growth)}, ` +
      `bar ${percent(HEAP_GROWTH_MAX)}: ${verdict(growth < HEAP_GROWTH_MAX)}`,
  );
}

function mean(samples: readonly Sample[]): number {
  return samples.reduce((sum, { heapMb }) => sum + heapMb, 0) / samples.length;
}
