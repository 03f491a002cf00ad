/**
 * The cost of a machine as the fleet grows from 10 to 100,000 machines, then of a million machines
 * as the shares of ten workers, one after the other: processor time to compute readings and encode
 * them into a sink that drops them, and the resident set. `--shares=0` leaves out the million.
 *
 * All machines were switched on a minute before, after a month off, so that nothing is sought.
 */

import { Batch } from '../src/core/batch.ts';
import type { FactoryDescription } from '../src/core/factory.ts';
import { Journal } from '../src/core/journal.ts';
import { shareOf } from '../src/delivery/shares.ts';
import { DEFAULT_CALENDAR } from '../src/factory/default-factory.ts';
import { largeFleet } from '../src/factory/index.ts';
import { machineTypes } from '../src/machines/index.ts';
import { Messages } from '../src/outputs/mqtt/messages.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { START_MS } from './fleets.ts';
import { machine } from './measure.ts';

const SIZES = [10, 100, 1000, 10_000, 100_000];
/**
 * Machine-seconds for which each fleet is read, in parts of equal length. A fleet of ten machines
 * is read for a day: in a shorter run, most of the time would go into V8's compiler.
 */
const MACHINE_S = 1_000_000;
const PARTS = 3;
const RATIO_MAX = 2;
const SHARES = Number(
  process.argv.find((word) => word.startsWith('--shares='))?.split('=')[1] ?? 10,
);

interface Cost {
  /** Processor time per machine and simulated second [µs]. */
  readonly us: number;
  readonly rssBytes: number;
}

/** Machines that have all been on for a minute. */
function fleetOf(factories: readonly FactoryDescription[]): Fleet {
  const startS = START_MS / 1000;
  const journal = new Journal(DEFAULT_SETTINGS, [
    { kind: 'stop', sequence: 1, timeS: startS - 30 * 86_400 },
    { kind: 'start', sequence: 2, timeS: startS - 60 },
  ]);
  return createFleet(factories, { journal });
}

function cost(fleet: Fleet): Cost {
  const reader = createReader(fleet);
  const batch = new Batch();
  const messages = new Messages();
  reader.seek(START_MS);
  const { length } = fleet.machines;
  const windowS = Math.max(30, MACHINE_S / length / PARTS);
  const parts: number[] = [];
  let bytes = 0;
  for (let part = 0; part <= PARTS; part++) {
    const untilMs = START_MS + Math.round((part + 1) * windowS) * 1000;
    const before = process.cpuUsage();
    for (let isDone = false; !isDone; ) {
      batch.clear();
      isDone = reader.read(untilMs, batch);
      for (const { payload } of messages.of(batch)) bytes += payload.length;
    }
    const { user, system } = process.cpuUsage(before);
    // The first part warms up.
    if (part > 0) parts.push((user + system) / (length * windowS));
  }
  if (bytes === 0) throw new Error('nothing was read');
  return { us: Math.min(...parts), rssBytes: process.memoryUsage().rss };
}

console.log(`\nCost per machine and second, readings computed and encoded\n${machine()}`);
const show = (name: string, { us, rssBytes }: Cost) =>
  console.log(
    `  ${name.padEnd(28)} ${us.toFixed(2)} µs, resident set ${Math.round(rssBytes / 1e6)} MB`,
  );
// Otherwise the first size would pay for V8's compilation.
cost(fleetOf(largeFleet(1000, DEFAULT_CALENDAR, machineTypes).factories));
const costs = SIZES.map((size) => {
  const own = cost(fleetOf(largeFleet(size, DEFAULT_CALENDAR, machineTypes).factories));
  show(`${size} machines`, own);
  return own.us;
});
const ratio = Math.max(...costs) / Math.min(...costs);
const verdict = ratio <= RATIO_MAX ? 'met' : 'MISSED';
console.log(
  `  most expensive against cheapest ${ratio.toFixed(2)} ×; bar ${RATIO_MAX} ×: ${verdict}`,
);

if (SHARES > 0) {
  const [million] = largeFleet(100_000 * SHARES, DEFAULT_CALENDAR, machineTypes).factories;
  const rssMb = Math.round(process.memoryUsage().rss / 1e6);
  console.log(`  ${100_000 * SHARES} descriptions: resident set ${rssMb} MB`);
  const shares = Array.from({ length: SHARES }, (_, index) => {
    const isOwn = ({ id }: { id: string }) => shareOf(id, SHARES) === index;
    const machines = million?.machines.filter(isOwn) ?? [];
    const own = cost(fleetOf([{ ...(million as FactoryDescription), machines }]));
    show(`share ${index + 1}: ${machines.length}`, own);
    return own.us;
  });
  console.log(`  most expensive share ${(Math.max(...shares) / Math.min(...shares)).toFixed(2)} ×`);
}
