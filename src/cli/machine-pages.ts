import type { FactoryDescription, MachineDescription } from '../core/factory.ts';
import { unitOf, wireName } from '../core/field.ts';
import type { JournalEvent } from '../core/journal.ts';
import { type Alert, type MachineType, parameterContent } from '../core/machine.ts';
import type { TestBench } from '../core/realism.ts';
import { mean } from '../core/statistics.ts';
import { DEFAULT_FACTORY } from '../factory/default-factory.ts';
import { testBenches } from '../validation/test-bench.ts';
import { plotSvg } from './plot.ts';

const HOUR_S = 3600;
/** A Tuesday in July, soon after the change of shifts. */
const FROM_S = Date.UTC(2026, 6, 7, 15) / 1000;
/** Samples of a plot: one every ten seconds. */
const SAMPLE_S = 10;
/** A fault is looked at when it has grown, for the rest of two hours. */
const GROWN_S = 1200;
/** The default severity, and the worst. */
const SEVERITIES = [1.5, 5];

/** The reference of the machine types, and the pictures in it by their file names. */
export interface MachinePages {
  readonly markdown: string;
  readonly images: ReadonlyMap<string, string>;
}

/**
 * Writes the reference of machine types from their own tables: parameters, fields, states, faults
 * with their size as simulated, alerts, and a plot of an hour.
 *
 * @param imageFolder - Where the images will be, as seen from the page.
 */
export function machinePages(types: readonly MachineType[], imageFolder: string): MachinePages {
  const images = new Map<string, string>();
  const parts = types.map((type) => {
    const [bench] = testBenches({ factories: [factoryWith(type)], types: [type] });
    const image = `${type.type}.svg`;
    if (type.profile && bench) images.set(image, hourSvg(type, bench));
    return page(type, bench, `${imageFolder}/${image}`);
  });
  return { markdown: `${INTRODUCTION}\n${parts.join('\n')}`, images };
}

const INTRODUCTION = `# Machine types

Made by \`node dist/main.js machines --markdown docs/machines.md\` from the machine files.
Parameters are given under \`parameters\` of a machine in a factory file; a fault changes
parameters and the physics does the rest. What a fault does is told as simulated: the mean of a
signal at severity 1.5 and at 5, against the same summer afternoon without it.
`;

/** The default factory with the one machine of a type; of its default size where it has none. */
function factoryWith(type: MachineType): FactoryDescription {
  const own = DEFAULT_FACTORY.machines.find((machine) => machine.type === type.type);
  const machine: MachineDescription = own ?? {
    id: '00000000-0000-0000-0000-000000000001',
    name: type.title,
    type: type.type,
    ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
    intervalS: type.intervalS,
    topic: `factory/demo/${type.type}`,
  };
  return { ...DEFAULT_FACTORY, machines: [machine] };
}

function hourSvg(type: MachineType, bench: TestBench): string {
  const toS = FROM_S + HOUR_S;
  const readings = bench.read({ fromS: FROM_S, toS, intervalS: SAMPLE_S });
  const curves = (type.profile?.plot ?? []).map((key) => {
    const column = type.fields.find((field) => field.key === key)?.column ?? 0;
    const { name, unit } = type.fields[column] as MachineType['fields'][number];
    return { label: `${name} [${unit}]`, values: Array.from(readings.columnAt(column)) };
  });
  const ticks = ['15:00', '15:15', '15:30', '15:45', '16:00'];
  return plotSvg(`An hour of a ${type.type}, a Tuesday afternoon in July`, curves, ticks);
}

function page(
  type: MachineType,
  /** None of a type that only meters others: nothing goes wrong with it. */
  bench: TestBench | undefined,
  image: string,
): string {
  const { profile } = type;
  const [least, most] = type.typicalRatedPowerKw;
  const parts = [
    `## ${type.type}\n`,
    `${type.title}. Every ${type.intervalS} s; mostly ${least} to ${most} kW.\n`,
  ];
  if (profile) {
    parts.push(`![An hour of it](${image})\n`);
    parts.push(list('States', profile.states));
    parts.push(list('Relevant variables', profile.relevantVariables));
    parts.push(list('Static factors', profile.staticFactors));
    const weeks = type.parameters['maintenanceWeeks']?.value;
    parts.push(`**Maintenance and wear.** Serviced every ${weeks} weeks. ${profile.wear}\n`);
  }
  parts.push(table('Parameters', PARAMETER_HEADS, parameterRows(type)));
  parts.push(table('Fields', ['channel', 'field', 'unit'], fieldRows(type)));
  if (bench) parts.push(table('Faults', FAULT_HEADS, type.faultTypes.map(faultRow(type, bench))));
  parts.push(table('Alerts', ALERT_HEADS, type.alertCodes.map(alertRow(type))));
  if (profile) parts.push(list('Sources', profile.sources));
  return parts.join('\n');
}

const PARAMETER_HEADS = ['parameter', 'default', 'range', 'unit', 'meaning'];
const FAULT_HEADS = ['fault', 'onset', 'what happens', 'signals: change at severity 1.5 and 5'];
const ALERT_HEADS = ['alert', 'signal', 'warning', 'critical', 'band'];

function parameterRows(type: MachineType): string[][] {
  return Object.entries(type.parameters).map(([key, parameter]) => [
    `\`${wireName(key)}\``,
    String(parameterContent(parameter, parameter.value)),
    parameter.choices?.join(', ') ?? parameter.range.join(' to '),
    unitOf(key),
    parameter.about,
  ]);
}

function fieldRows(type: MachineType): string[][] {
  return type.channels.flatMap(({ name, fields }) =>
    fields.map((field, i) => [i === 0 ? `\`${name}\`` : '', `\`${field.name}\``, field.unit]),
  );
}

function faultRow(type: MachineType, bench: TestBench) {
  return (name: string, i: number): string[] => {
    const fault = type.faultList[i] as MachineType['faultList'][number];
    const columns = fault.signals.map(
      (key) => type.fields.find((field) => field.key === key) as MachineType['fields'][number],
    );
    const healthy = means(columns, bench, []);
    const faulty = SEVERITIES.map((severity) =>
      means(columns, bench, [injected(bench, name, severity)]),
    );
    const changes = columns.map((field, n) => {
      const from = healthy[n] as number;
      const texts = faulty.map((values) => change(values[n] as number, from, field.unit));
      if (field.kind !== 'count') return `\`${field.name}\` ${texts.join(' / ')}`;
      const anHour = [from, ...faulty.map((values) => values[n] as number)].map((count) =>
        ((count * HOUR_S) / type.intervalS).toFixed(0),
      );
      return `\`${field.name}\` ${anHour[0]} → ${anHour.slice(1).join(' / ')} an hour`;
    });
    return [`\`${name}\``, fault.onset, fault.about, changes.join(', ')];
  };
}

function injected({ machine }: TestBench, anomalyType: string, severity: number): JournalEvent {
  return {
    kind: 'inject',
    id: 'reference',
    machineId: machine.id,
    anomalyType,
    severity,
    durationS: 2 * HOUR_S,
    sequence: 1,
    timeS: FROM_S,
  };
}

function means(
  fields: MachineType['fields'],
  bench: TestBench,
  events: readonly JournalEvent[],
): readonly number[] {
  const readings = bench.read({ fromS: FROM_S + GROWN_S, toS: FROM_S + 2 * HOUR_S, events });
  return fields.map(({ column }) =>
    mean(readings.columnAt(column).filter((value) => !Number.isNaN(value))),
  );
}

/** Temperatures change by kelvins, all else by a share of what it was. */
function change(value: number, from: number, unit: string): string {
  if (unit === '°C') return `${signed(value - from, 1)} K`;
  return `${signed(100 * (value / from - 1), 0)} %`;
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return `±${text}`;
  return value < 0 ? `−${text}` : `+${text}`;
}

function alertRow(type: MachineType) {
  return (code: string, i: number): string[] => {
    const { signal, limits, band } = type.alertList[i] as Alert;
    const side = limits[1] < limits[0] ? 'below' : 'above';
    return [`\`${code}\``, signal, ...limits.map((limit) => `${side} ${limit}`), String(band)];
  };
}

function list(title: string, items: readonly string[]): string {
  return `**${title}**\n\n${items.map((item) => `- ${item}\n`).join('')}`;
}

function table(title: string, heads: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return `**${title}**\n\n${line(heads)}${line(heads.map(() => '---'))}${rows.map(line).join('')}`;
}
