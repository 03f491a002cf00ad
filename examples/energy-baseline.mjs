/**
 * Fits an energy baseline as an energy manager does, and grades it against the truth: see
 * docs/guides/energy-management.md. Needs only a running simulator.
 *
 *     node examples/energy-baseline.mjs [URL of the simulator] [machine id]
 */
const [base = 'http://127.0.0.1:8003', machine = 'c0000000-0000-0000-0000-000000000005'] =
  process.argv.slice(2);

const DAY_MS = 86_400_000;
const BASELINE = { from: '2026-01-12', days: 84 };
const REPORTING = { from: '2026-04-06', days: 28 };

/** Energy and parts of a day, from the readings: all that a real site knows. */
async function metered(day) {
  const window = `from=${day}T00:00:00Z&to=${next(day)}T00:00:00Z`;
  const response = await fetch(`${base}/simulator/machines/${machine}/readings?${window}`);
  if (!response.ok) throw new Error(await response.text());
  const readings = await response.json();
  const sum = (field) => readings.reduce((total, reading) => total + reading[field], 0);
  return { day, kwh: sum('energy_kwh'), parts: sum('production_count') };
}

/** The energy of a period with nothing wrong, which no real site can measure. */
async function truth(from, to) {
  const window = `from=${from}T00:00:00Z&to=${to}T00:00:00Z`;
  return (await fetch(`${base}/simulator/machines/${machine}/baseline?${window}`)).json();
}

/** kWh = intercept + slope · parts, by ordinary least squares. */
function leastSquares(days) {
  const mean = (of) => days.reduce((sum, day) => sum + of(day), 0) / days.length;
  const [parts, kwh] = [mean((day) => day.parts), mean((day) => day.kwh)];
  const square = (of) => mean((day) => of(day) * of(day));
  const xy = mean((day) => (day.parts - parts) * (day.kwh - kwh));
  const slope = xy / square((day) => day.parts - parts);
  const intercept = kwh - slope * parts;
  const left = square((day) => day.kwh - intercept - slope * day.parts);
  const r2 = 1 - left / square((day) => day.kwh - kwh);
  return { intercept, slope, r2, cvRmse: Math.sqrt(left) / kwh };
}

const next = (day, days = 1) =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
const daysOf = async ({ from, days }) => {
  const all = [];
  for (let i = 0; i < days; i++) all.push(await metered(next(from, i)));
  return all;
};
const row = (...cells) => console.log(cells.map((cell) => String(cell).padStart(11)).join(''));

const enb = leastSquares(await daysOf(BASELINE));
console.log(
  `EnB: kWh/d = ${enb.intercept.toFixed(1)} + ${enb.slope.toFixed(4)} · parts, ` +
    `R² ${enb.r2.toFixed(3)}, CV(RMSE) ${(100 * enb.cvRmse).toFixed(1)} %`,
);
row('week of', 'parts', 'kWh', 'EnB kWh', 'EnPI', 'true kWh', 'EnB error', 'true waste');
const days = await daysOf(REPORTING);
for (let i = 0; i < days.length; i += 7) {
  const week = days.slice(i, i + 7);
  const kwh = week.reduce((sum, day) => sum + day.kwh, 0);
  const parts = week.reduce((sum, day) => sum + day.parts, 0);
  const expected = week.length * enb.intercept + enb.slope * parts;
  const real = await truth(week[0].day, next(week[0].day, 7));
  row(
    week[0].day,
    parts,
    kwh.toFixed(0),
    expected.toFixed(0),
    (kwh / expected).toFixed(3),
    real.expected_energy_kwh.toFixed(0),
    `${((100 * expected) / real.expected_energy_kwh - 100).toFixed(1)} %`,
    real.difference_kwh.toFixed(0),
  );
}
