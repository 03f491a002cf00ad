import type { Diagnostic } from '../../core/errors.ts';
import type {
  CalendarDescription,
  FactoryDescription,
  MachineDescription,
} from '../../core/factory.ts';
import { readFactory } from '../../factory/factory.ts';
import { readMachine } from '../../factory/machine.ts';
import { UniquenessChecker } from '../../factory/uniqueness-checker.ts';
import { asMapping } from '../../schema/composite-type.ts';
import { Diagnostics, type Path, shown } from '../../schema/diagnostics.ts';
import { likelyGrid } from './grid.ts';

/** A row of `factories`. */
export interface FactoryRow {
  readonly id: string;
  readonly name: string;
  readonly location: string | null;
  readonly timezone: string | null;
  readonly is_active: boolean | null;
  readonly metadata: unknown;
}

/** A row of `machines`. */
export interface MachineRow {
  readonly id: string;
  readonly factory_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: string;
  readonly rated_power_kw: number;
  readonly rated_voltage_v: number | null;
  readonly rated_current_a: number | null;
  readonly rated_frequency_hz: number | null;
  readonly data_interval_seconds: number;
  readonly mqtt_topic: string | null;
  readonly is_active: boolean | null;
  readonly is_critical: boolean | null;
  readonly metadata: unknown;
}

/** A row as the simulator understands it, with what is wrong with it by its columns. */
export interface RowReading<Description> {
  /** Good where there are no faults. */
  readonly description: Description | undefined;
  readonly faults: readonly Diagnostic[];
  readonly remarks: readonly string[];
}

/** The columns of what a factory file calls otherwise. */
const COLUMNS: Readonly<Record<string, string>> = {
  interval: 'data_interval_seconds',
  topic: 'mqtt_topic',
  voltage: 'rated_voltage_v',
  frequency: 'rated_frequency_hz',
  latitude: 'metadata.latitude',
  longitude: 'metadata.longitude',
  climate: 'metadata.climate',
  calendar: 'metadata.calendar',
  networks: 'metadata.networks',
};

/** Keys of a factory's `metadata` that say something to the simulator. */
const METADATA_KEYS = ['latitude', 'longitude', 'climate', 'calendar', 'networks'] as const;

function columnOf([first = '', ...rest]: Path): string {
  return [COLUMNS[first] ?? first, ...rest].join('.');
}

/**
 * Reads a factory from its row, without its machines: by the rules of factory files, so that a
 * registry and a file mean the same.
 *
 * @param machines - The rows of its machines, which tell its voltage and frequency.
 * @param calendar - What holds where it has none of its own.
 */
export function readFactoryRow(
  row: FactoryRow,
  machines: readonly MachineRow[],
  calendar: CalendarDescription,
): RowReading<FactoryDescription> {
  const diagnostics = new Diagnostics({ pathText: columnOf });
  const metadata = mappingOf(row.metadata);
  const given = METADATA_KEYS.filter(
    (key) => metadata[key] !== undefined && metadata[key] !== null,
  );
  const content = {
    id: row.id,
    name: row.name,
    ...(row.timezone === null ? {} : { timezone: row.timezone }),
    ...(row.location === null || row.location.trim() === '' ? {} : { location: row.location }),
    ...Object.fromEntries(given.map((key) => [key, metadata[key]])),
    ...likelyGrid(row.timezone ?? 'UTC', machines),
    // Topics are the machines' own, so the name need not give a level of one.
    topic: 'registry',
  };
  const description = readFactory(content, diagnostics.top, calendar, new UniquenessChecker());
  return {
    description: { ...description, machines: [] },
    // A factory of a registry may have no machines yet.
    faults: diagnostics.errors.filter(({ path }) => path !== 'machines'),
    remarks: diagnostics.warnings,
  };
}

/**
 * Reads a machine from its row, likewise.
 *
 * @param topic - What it has where the row has none.
 */
export function readMachineRow(
  row: MachineRow,
  topic: string | null = null,
): RowReading<MachineDescription> {
  const diagnostics = new Diagnostics({ pathText: columnOf });
  const content = {
    id: row.id,
    name: row.name,
    type: simulatedType(row),
    rated_power_kw: row.rated_power_kw,
    interval: row.data_interval_seconds,
    topic: hasTopic(row) ? row.mqtt_topic : topic,
    parameters: ageParameters(mappingOf(row.metadata)['installation_date']),
  };
  const context = { factoryId: row.factory_id, hasOwnId: true, topicLevel: 'registry' };
  const description = readMachine(content, diagnostics.top, context);
  // A column of text tells letters apart, and what is stored of a machine carries its id.
  if (description && description.id !== row.id)
    diagnostics.top.at('id').error(`${shown(row.id)} has capital letters; write it in small ones`);
  const { parameters = {}, faults: _planned, ...plain } = description ?? {};
  return {
    description: description && {
      ...(plain as MachineDescription),
      ...(Object.keys(parameters).length > 0 && { parameters }),
      ...(row.description === null ? {} : { description: row.description }),
    },
    faults: diagnostics.errors,
    remarks: diagnostics.warnings,
  };
}

/** Whether a row says the topic of its machine. */
export function hasTopic({ mqtt_topic: topic }: Pick<MachineRow, 'mqtt_topic'>): boolean {
  return topic !== null && topic.trim() !== '';
}

/** The parameters that follow from the date of a machine's installation, where it has one. */
function ageParameters(date: unknown): Readonly<Record<string, number>> {
  const ms = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const year = new Date(ms).getUTCFullYear();
  // A date that cannot be one says nothing of a machine.
  if (!(year >= 1900 && year < 2200)) return {};
  const [fromMs, toMs] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  return { installed_year: year + (ms - fromMs) / (toMs - fromMs) };
}

/** What a machine is to us: types that an EnMS has no name for hide behind `other`. */
function simulatedType({ type, metadata }: Pick<MachineRow, 'type' | 'metadata'>): string {
  const { simulator_type: hidden } = mappingOf(metadata);
  return type === 'other' && typeof hidden === 'string' ? hidden : type;
}

/** A JSON mapping, or an empty one where there is none. */
export function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return asMapping(value) ?? {};
}
