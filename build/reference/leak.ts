import { Batch } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { readingAt } from '../../src/encoding/reading.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader, type ReaderOptions } from '../../src/simulation/reader.ts';

/** What a machine used and what it should have used, second by second. */
export interface LeakRun {
  /** [kW] */
  readonly actual: readonly number[];
  /** [kW] */
  readonly expected: readonly number[];
  /** Energy used beyond the expected, up to each second [Wh]. */
  readonly excess: readonly number[];
}

const FROM_S = Date.UTC(2026, 2, 3, 9) / 1000;
const LENGTH_S = 1800;
/** The span of the leak, in seconds from the start. */
const LEAK_S = [300, 900] as const;

/** Half an hour of the default factory's compressor, in which it leaks for ten minutes. */
export function leakRun(): LeakRun {
  const machineId = DEFAULT_FACTORY.machines[0]?.id as string;
  const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false }, [
    {
      kind: 'inject',
      id: 'leak',
      machineId,
      anomalyType: 'leak',
      severity: 3,
      durationS: LEAK_S[1] - LEAK_S[0],
      sequence: 1,
      timeS: FROM_S + LEAK_S[0],
    },
  ]);
  const fleet = createFleet([DEFAULT_FACTORY], { seed: 42, journal });
  const machines = fleet.machines.filter(({ id }) => id === machineId);
  const read = (options: ReaderOptions) => {
    const reader = createReader(fleet, { machines, ...options });
    const batch = new Batch();
    reader.seek(1000 * FROM_S);
    reader.read(1000 * (FROM_S + LENGTH_S), batch);
    return Array.from({ length: batch.length }, (_, row) => readingAt(batch, row));
  };
  const [actual, expected] = [read({}), read({ without: 'leak' })] as const;
  let excessWh = 0;
  const excess = actual.map((reading, i) => {
    const expectedKwh = expected[i]?.['energy_kwh'] as number;
    excessWh += 1000 * ((reading['energy_kwh'] as number) - expectedKwh);
    return excessWh;
  });
  const power = (readings: typeof actual) => readings.map((each) => each['power_kw'] as number);
  return { actual: power(actual), expected: power(expected), excess };
}

/** The colours of a picture on a light or a dark page. */
interface Palette {
  readonly ink: string;
  readonly grid: string;
  readonly actual: string;
  readonly expected: string;
  readonly band: string;
}

const PALETTES: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    ink: '#51606d',
    grid: '#dbe1e6',
    actual: '#0f766e',
    expected: '#16202a',
    band: '#f6e8fa',
  },
  dark: {
    ink: '#a3b3bd',
    grid: '#2a363d',
    actual: '#2dd4bf',
    expected: '#e8eef1',
    band: '#3a1f44',
  },
};

const WIDTH = 840;
const LEFT = 56;
const RIGHT = 824;
const TOP = 34;
const POWER_PX = 150;
const EXCESS_TOP = TOP + POWER_PX + 46;
const EXCESS_PX = 100;
/** The scales start at zero [kW, Wh]. */
const POWER_MAX_KW = 60;
const EXCESS_MAX_WH = 1600;
/** A point of a line is the mean of this many seconds. */
const POINT_S = 10;

/** The picture of the README: the two lines part, and the watt-hours add up. */
export function leakPicture(run: LeakRun, page: keyof typeof PALETTES): string {
  const { ink, grid, actual, expected, band } = PALETTES[page];
  const x = (second: number) => LEFT + ((RIGHT - LEFT) * second) / LENGTH_S;
  const powerY = (kw: number) => TOP + POWER_PX * (1 - kw / POWER_MAX_KW);
  const excessY = (wh: number) => EXCESS_TOP + EXCESS_PX * (1 - wh / EXCESS_MAX_WH);
  const line = (values: readonly number[], y: (value: number) => number) =>
    pointsOf(values)
      .map((value, i) => `${x((i + 1) * POINT_S).toFixed(1)},${y(value).toFixed(1)}`)
      .join(' ');
  const lines = (values: readonly number[], y: (value: number) => number, digits = 0) =>
    values
      .map(
        (value) =>
          `<path d="M${LEFT} ${y(value)}H${RIGHT}" stroke="${grid}"/>` +
          `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(digits)}</text>`,
      )
      .join('\n');
  const bottom = EXCESS_TOP + EXCESS_PX;
  const ticks = [0, 5, 10, 15, 20, 25, 30].map((minute) => {
    const anchor = minute === 30 ? 'end' : 'middle';
    const time = `09:${String(minute).padStart(2, '0')}`;
    return `<text x="${x(60 * minute)}" y="${bottom + 20}" text-anchor="${anchor}">${time}</text>`;
  });
  const total = run.excess.at(-1) as number;
  const path = (points: string, colour: string, more = '') =>
    `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.6"${more}/>`;
  const leakX = x(LEAK_S[0]);
  const leakWidth = x(LEAK_S[1]) - leakX;
  const excess = line(run.excess, excessY);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 34}" role="img"`,
    `  font-family="system-ui, sans-serif" font-size="13" fill="${ink}">`,
    `<title>A leak on a compressor: power with and without it, and ${wattHours(total)}</title>`,
    `<rect x="${leakX}" y="${TOP - 8}" width="${leakWidth}" height="${bottom - TOP + 8}" fill="${band}"/>`,
    `<text x="${leakX + leakWidth / 2}" y="${TOP - 14}" text-anchor="middle">leak, severity 3</text>`,
    lines([0, 20, 40, 60], powerY),
    `<text x="${LEFT}" y="${TOP - 14}">power [kW]</text>`,
    `<text x="${RIGHT}" y="${TOP - 14}" text-anchor="end">` +
      `<tspan fill="${actual}">━ actual</tspan>  <tspan fill="${expected}">┅ without the leak</tspan></text>`,
    path(line(run.expected, powerY), expected, ' stroke-dasharray="5 3"'),
    path(line(run.actual, powerY), actual),
    lines([0, 500, 1000, 1500], excessY),
    `<text x="${LEFT}" y="${EXCESS_TOP - 12}">energy beyond what it should have used [Wh]</text>`,
    `<polygon points="${LEFT},${excessY(0)} ${excess} ${RIGHT},${excessY(0)}" fill="${actual}" fill-opacity="0.15"/>`,
    path(excess, actual),
    `<text x="${RIGHT}" y="${excessY(total) - 12}" text-anchor="end" font-size="16" ` +
      `font-weight="600" fill="${actual}">${wattHours(total)}</text>`,
    ...ticks,
    '</svg>\n',
  ].join('\n');
}

function pointsOf(values: readonly number[]): readonly number[] {
  return Array.from({ length: values.length / POINT_S }, (_, i) => {
    const some = values.slice(i * POINT_S, (i + 1) * POINT_S);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
}

/** An energy as people write it: `1,410 Wh`. */
function wattHours(wh: number): string {
  return `${wh.toFixed(0).replace(/(\d)(\d{3})$/, '$1,$2')} Wh`;
}
