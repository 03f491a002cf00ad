/**
 * Opening a reader at a random second of a year, per machine type, compared with reading 10,000
 * readings of the same machine.
 */

import { Batch } from '../src/core/batch.ts';
import { machineTypes } from '../src/machines/index.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { factoryOf } from './fleets.ts';
import { machine } from './measure.ts';

const SEEKS = 400;
const READINGS = 10_000;
const YEAR_S = 365 * 86_400;

console.log(`\nSeek to a random second of a year\n${machine()}`);
for (const { type, intervalS } of machineTypes) {
  const fleet = createFleet([factoryOf([type], 1)]);
  const reader = createReader(fleet);
  const batch = new Batch(1000);
  const seeksMs: number[] = [];
  const readsMs: number[] = [];
  for (let i = -50; i < SEEKS; i++) {
    const second = Math.floor(((i + 51) * 0.618_033_988_749_895 * YEAR_S) % YEAR_S);
    const targetMs = Date.UTC(2026, 0, 1) + 1000 * second;
    const seekMs = timeMs(() => reader.seek(targetMs));
    const readMs = timeMs(() => {
      for (let part = 1; part <= READINGS / 1000; part++) {
        batch.clear();
        reader.read(targetMs + part * 1000 * 1000 * intervalS, batch);
      }
    });
    if (i < 0) continue;
    seeksMs.push(seekMs);
    readsMs.push(readMs);
  }
  const seeks = seeksMs.toSorted((a, b) => a - b);
  const reads = readsMs.toSorted((a, b) => a - b);
  const [p50, p99] = [seeks[SEEKS / 2] as number, seeks[Math.ceil(0.99 * SEEKS) - 1] as number];
  const readMs = reads[SEEKS / 2] as number;
  const verdict = p99 <= readMs ? 'met' : 'MISSED';
  console.log(
    `  ${type.padEnd(20)} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ` +
      `10,000 readings ${readMs.toFixed(2)} ms; p99 ${(p99 / readMs).toFixed(2)} ×: ${verdict}`,
  );
}

function timeMs(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
