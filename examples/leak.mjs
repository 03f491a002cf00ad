/**
 * A leak on a compressor: what the machine used, what it would have used without the leak, and
 * the difference. It needs only the library, no running simulator: `node examples/leak.mjs`.
 */
import {
  Batch,
  createFleet,
  createReader,
  DEFAULT_FACTORY,
  DEFAULT_SETTINGS,
  Journal,
  readingAt,
} from 'enms-simulator';

const FROM_MS = Date.parse('2026-03-03T09:00:00Z');
const MINUTES = 30;
/** Rows of the table are this far apart. */
const STEP_MINUTES = 3;

const [compressor] = DEFAULT_FACTORY.machines;
const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false }, [
  {
    kind: 'inject',
    id: 'the-leak',
    machineId: compressor.id,
    anomalyType: 'leak',
    severity: 3,
    durationS: 600,
    sequence: 1,
    timeS: FROM_MS / 1000 + 300,
  },
]);
const fleet = createFleet([DEFAULT_FACTORY], { seed: 42, journal });
const machines = fleet.machines.filter(({ id }) => id === compressor.id);

/** The readings of each second. */
function readings(options) {
  const reader = createReader(fleet, { machines, ...options });
  const batch = new Batch();
  reader.seek(FROM_MS);
  reader.read(FROM_MS + MINUTES * 60_000, batch);
  return Array.from({ length: batch.length }, (_, row) => readingAt(batch, row));
}

const actual = readings();
const expected = readings({ without: 'the-leak' });
const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0);

console.log('09:05 to 09:15: a leak of severity 3 on Compressor-1');
console.log(' until  actual kW  expected kW  difference Wh');
for (let second = STEP_MINUTES * 60; second <= actual.length; second += STEP_MINUTES * 60) {
  const span = [second - STEP_MINUTES * 60, second];
  const meanKw = (rows) => sum(rows.slice(...span), 'power_kw') / (STEP_MINUTES * 60);
  const toNow = (rows) => sum(rows.slice(0, second), 'energy_kwh');
  const cells = [
    `09:${String(second / 60).padStart(2, '0')}`,
    meanKw(actual).toFixed(1).padStart(9),
    meanKw(expected).toFixed(1).padStart(11),
    (1000 * (toNow(actual) - toNow(expected))).toFixed(0).padStart(13),
  ];
  console.log(` ${cells.join('  ')}`);
}
