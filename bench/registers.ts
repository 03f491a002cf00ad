/**
 * Reading with energy registers, compared with reading without, and as CSV; then what opening the
 * registers of a month costs, compared with reading that month.
 */

import { Batch, READING } from '../src/core/batch.ts';
import type { FactoryDescription } from '../src/core/factory.ts';
import { csv } from '../src/encoding/csv.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { START_MS } from './fleets.ts';
import { compare, machine } from './measure.ts';

const MONTH_MS = 30 * 86_400_000;
/** Registers that hold so much take seven digits before the point. */
const BEGINS_MS = START_MS - MONTH_MS;

function reading(factory: FactoryDescription, hasRegisters: boolean, hasText: boolean) {
  const fleet = createFleet([factory], {
    ...(hasRegisters && { registersFromS: BEGINS_MS / 1000, haveAllRegisters: true }),
  });
  const reader = createReader(fleet);
  const batch = new Batch();
  const encoder = csv.flat(fleet.machines.map(({ type }) => type));
  const bytes = new Uint8Array(batch.capacity * 1024);
  reader.seek(START_MS);
  return () => {
    batch.clear();
    reader.read(Number.POSITIVE_INFINITY, batch);
    let at = 0;
    for (let row = 0; hasText && row < batch.length; row++)
      if ((batch.flags[row] as number) & READING) at = encoder.row(batch, row, bytes, at);
    return batch.length;
  };
}

for (const [title, hasText] of [
  ['Reading', false],
  ['Reading and writing CSV', true],
] as const)
  await compare(
    `${title}, with energy registers`,
    {
      without: reading(DEFAULT_FACTORY, false, hasText),
      with: reading(DEFAULT_FACTORY, true, hasText),
    },
    { against: 'without', atLeast: 0.9, runs: 11 },
  );

const fleet = createFleet([DEFAULT_FACTORY], {
  registersFromS: BEGINS_MS / 1000,
  haveAllRegisters: true,
});
const openMs = timeMs(() => createReader(fleet).seek(START_MS));
const againMs = timeMs(() => createReader(fleet).seek(START_MS));
const readMs = timeMs(() => {
  const reader = createReader(createFleet([DEFAULT_FACTORY]));
  const batch = new Batch();
  reader.seek(BEGINS_MS);
  do batch.clear();
  while (!reader.read(START_MS, batch));
});
console.log(`\nOpening the registers of a month\n${machine()}`);
console.log(
  `  first ${openMs.toFixed(0)} ms, again ${againMs.toFixed(1)} ms; ` +
    `reading the month ${readMs.toFixed(0)} ms: ` +
    `${(openMs / readMs).toFixed(2)} ×: ${openMs <= 1.1 * readMs ? 'met' : 'MISSED'}`,
);

function timeMs(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
