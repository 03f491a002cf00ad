import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { plotSvg } from '../../src/cli/plot.ts';
import { type Batch, LOST, READING } from '../../src/core/batch.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import type { Story } from '../../src/core/story.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { readStories } from '../../src/stories/index.ts';
import { heading } from './markdown.ts';

const SCENARIOS = 'examples/scenarios';
const IMAGES = 'docs/images/scenarios';
const SEED = 42;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** What the picture of a scenario shows: one quantity of a machine, on days after its start. */
interface View {
  readonly machine: string;
  /** A field, or what its rows tell about delivery. */
  readonly shows: string | ((batch: Batch, row: number) => number);
  readonly label: string;
  readonly days: readonly [from: number, to: number];
  /** The time of which the mean makes one point [s]. */
  readonly pointS: number;
  /** Time between two readings [s]; fewer readings draw the same line. */
  readonly intervalS: number;
}

const dailyPower = { shows: 'power_kw', pointS: DAY_S, intervalS: 60 };
const hourlyPower = { shows: 'power_kw', pointS: HOUR_S, intervalS: 60 };

/** The pictures, by the names of the scenarios, in the order of the page. */
const VIEWS: Readonly<Record<string, View>> = {
  'growing-leak': {
    ...dailyPower,
    machine: 'Compressor-1',
    label: 'Compressor-1, power [kW], daily mean',
    days: [0, 35],
  },
  'filter-clogging': {
    ...dailyPower,
    machine: 'HVAC-Main',
    label: 'HVAC-Main, power [kW], daily mean',
    days: [0, 112],
  },
  'night-shift': {
    ...dailyPower,
    machine: 'Injection-Molding-1',
    label: 'Injection-Molding-1, power [kW], daily mean',
    days: [0, 49],
  },
  'furlough-week': {
    ...hourlyPower,
    machine: 'Compressor-1',
    label: 'Compressor-1, power [kW], hourly mean',
    days: [7, 28],
  },
  'vsd-retrofit': {
    ...hourlyPower,
    machine: 'Compressor-1',
    label: 'Compressor-1, power [kW], hourly mean',
    days: [80, 92],
  },
  'chiller-set-point': {
    ...dailyPower,
    machine: 'HVAC-Main',
    label: 'HVAC-Main, power [kW], daily mean',
    days: [14, 56],
  },
  'wrong-ct': {
    ...hourlyPower,
    machine: 'Injection-Molding-1',
    label: 'Injection-Molding-1, power as told [kW], hourly mean',
    days: [5, 19],
  },
  'watt-hours': {
    machine: 'Conveyor-A',
    shows: 'energy_kwh',
    label: 'Conveyor-A, energy of a reading as told [kWh], hourly mean',
    days: [13, 17],
    pointS: HOUR_S,
    intervalS: 10,
  },
  'stuck-sensor': {
    machine: 'HVAC-Main',
    shows: 'indoor_temp_c',
    label: 'HVAC-Main, indoor temperature as told [°C], hourly mean',
    days: [2, 12],
    pointS: HOUR_S,
    intervalS: 60,
  },
  'meter-exchange': {
    machine: 'Compressor-1',
    shows: 'energy_total_kwh',
    label: 'Compressor-1, register [kWh]',
    days: [10, 20],
    pointS: HOUR_S,
    intervalS: 60,
  },
  'clock-on-local-time': {
    machine: 'HVAC-Main',
    shows: ({ toldMs, timesMs }, row) =>
      ((toldMs[row] as number) - (timesMs[row] as number)) / 3_600_000,
    label: 'HVAC-Main, time as told minus true time [h]',
    days: [0, 14],
    pointS: HOUR_S,
    intervalS: 60,
  },
  'gateway-outage': {
    machine: 'Conveyor-A',
    shows: ({ receivedMs, timesMs }, row) =>
      ((receivedMs[row] as number) - (timesMs[row] as number)) / 60_000,
    label: 'Conveyor-A, delay of its messages [min], hourly mean',
    days: [0, 28],
    pointS: HOUR_S,
    intervalS: 10,
  },
  'savings-project': {
    ...dailyPower,
    machine: 'Compressor-1',
    label: 'Compressor-1, power [kW], daily mean',
    days: [21, 210],
  },
};

/** The page of the shipped scenarios, with a picture of each. */
export function gallery(): ReadonlyMap<string, string> {
  const names = readdirSync(SCENARIOS).map((file) => file.replace(/\.yaml$/, ''));
  const without = names.filter((name) => VIEWS[name] === undefined);
  if (without.length > 0) throw new Error(`no picture of the scenario ${without.join(', ')}`);
  const files = new Map<string, string>();
  const parts = Object.entries(VIEWS).map(([name, view]) => {
    const path = `${SCENARIOS}/${name}.yaml`;
    const text = readFileSync(path, 'utf8');
    const image = `${IMAGES}/${name}.svg`;
    files.set(image, picture(name, text, view));
    const { about } = parse(text) as { about: string };
    const title = titleOf(name);
    const picturePath = image.replace('docs/', '../');
    return `## ${title}\n\n${about.trim()}\n\n![${view.label}](${picturePath})\n\n[${name}.yaml](../../${path})\n`;
  });
  files.set(
    'docs/reference/gallery.md',
    [heading('Scenarios that come with it', SCENARIOS), INTRODUCTION, ...parts].join('\n'),
  );
  return files;
}

/** A name as a heading: `wrong-ct` → `Wrong CT`. */
function titleOf(name: string): string {
  const words = name.split('-').map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const ACRONYMS = new Set(['ct', 'vsd']);

const INTRODUCTION = `\
Each of these files runs on the default factory, and on any other that has the machines it names. The coloured line is what the data
tell; the dashed one is the same machine at the same time had nothing happened.

\`enms-simulator scenario FILE\` prints what happens when. \`run --scenario FILE\` lives through it from now on if you leave out
\`start\`. \`generate --scenario FILE --labels\` writes the data with their answer key; the meter exchange
needs \`--registers\` as well. [Scenario files](scenarios.md) explains the format.
`;

function picture(name: string, text: string, view: View): string {
  const intervalS = view.intervalS;
  const machines = DEFAULT_FACTORY.machines
    .filter((machine) => machine.name === view.machine)
    .map((machine) => ({ ...machine, intervalS }));
  const factory = { ...DEFAULT_FACTORY, machines: others(machines) };
  const context = {
    factories: [factory],
    catalogue: machineTypes,
    seed: SEED,
    hasRegister: () => true,
  };
  const [story] = readStories([{ text, file: `${name}.yaml` }], context);
  if (story?.startS === undefined) throw new Error(`${name}: no start`);
  const span = view.days.map((day) => (story.startS as number) + day * DAY_S) as [number, number];
  const values = points(factory, [story], view, span);
  const twin = points(factory, [], view, span);
  const [from, to] = view.days;
  // Midnights, evenly spaced: up to eight of them.
  const spans = [7, 6, 5, 4, 3, 2, 1].find((each) => (to - from) % each === 0) as number;
  const ticks = Array.from({ length: spans + 1 }, (_, i) =>
    new Date(1000 * (span[0] + ((to - from) * DAY_S * i) / spans)).toISOString().slice(5, 10),
  );
  return plotSvg(name, [{ label: view.label, values, twin }], ticks);
}

/** The machine of the picture among the others that the scenario may name. */
function others(shown: FactoryDescription['machines']): FactoryDescription['machines'] {
  return DEFAULT_FACTORY.machines.map((each) => shown.find(({ id }) => id === each.id) ?? each);
}

/** The mean of the quantity in each span of a point. */
function points(
  factory: FactoryDescription,
  stories: readonly Story[],
  { machine: name, shows, pointS }: View,
  [fromS, toS]: readonly [number, number],
): readonly number[] {
  const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false });
  const fleet = createFleet([factory], {
    seed: SEED,
    journal,
    stories,
    registersFromS: fromS,
    haveAllRegisters: true,
  });
  const machines = fleet.machines.filter((machine) => machine.name === name);
  const column = machines[0]?.type.fields.find((field) => field.name === shows)?.column;
  const valueAt = (batch: Batch, row: number) =>
    typeof shows === 'function'
      ? shows(batch, row)
      : (batch.values[row * ROW_WIDTH + (column ?? Number.NaN)] as number);
  const sums = new Float64Array((toS - fromS) / pointS);
  const counts = new Float64Array(sums.length);
  const reader = createReader(fleet, { machines });
  reader.seek(1000 * fromS);
  for (const batch of batches(reader, 1000 * toS))
    for (let row = 0; row < batch.length; row++) {
      const flags = batch.flags[row] as number;
      if (!(flags & READING) || flags & LOST) continue;
      const tS = (batch.timesMs[row] as number) / 1000;
      const point = Math.ceil((tS - fromS) / pointS) - 1;
      sums[point] = (sums[point] as number) + valueAt(batch, row);
      counts[point] = (counts[point] as number) + 1;
    }
  return Array.from(sums, (sum, i) => sum / (counts[i] as number));
}
