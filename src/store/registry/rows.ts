import type { Diagnostic } from '../../core/errors.ts';
import type {
  CalendarDescription,
  FactoryDescription,
  MachineDescription,
} from '../../core/factory.ts';
import { readFactory } from '../../factory/factory.ts';
import { readMachine } from '../../factory/machine.ts';
import type { Catalogue } from '../../factory/machine-types.ts';
import { UniquenessChecker } from '../../factory/uniqueness-checker.ts';
import { asMapping } from '../../schema/composite-type.ts';
import { Diagnostics, type Path, shown } from '../../schema/diagnostics.ts';

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

/** The rows of each table. */
export interface RegistryRows {
  readonly factories: FactoryRow;
  readonly machines: MachineRow;
}

/** A row as the simulator reads it, with its errors by column. */
export interface RowReading<Description> {
  /** Valid if there are no faults. */
  readonly description: Description | undefined;
  readonly faults: readonly Diagnostic[];
  readonly remarks: readonly string[];
}

/** The columns of keys that have other names in a factory file. */
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
  energy_register: 'metadata.energy_register',
};

/** Keys of a factory's `metadata` that the simulator reads. */
const METADATA_KEYS = [
  'latitude',
  'longitude',
  'climate',
  'calendar',
  'networks',
  'energy_register',
] as const;

function columnOf([first = '', ...rest]: Path): string {
  return [COLUMNS[first] ?? first, ...rest].join('.');
}

/**
 * Reads a factory from its row, without its machines. The rules are those of factory files, so
 * that a registry and a file mean the same.
 *
 * @param machines - The rows of its machines, which determine voltage and frequency.
 * @param calendar - Applies if it has none of its own.
 */
export function readFactoryRow(
  row: FactoryRow,
  machines: readonly MachineRow[],
  calendar: CalendarDescription,
  catalogue: Catalogue,
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
    // The machines have their own topics, so the name need not be a valid topic level.
    topic: 'registry',
  };
  const description = readFactory(
    content,
    diagnostics.top,
    calendar,
    new UniquenessChecker(),
    catalogue,
  );
  return {
    description: { ...description, machines: [] },
    // A factory of a registry may have no machines yet.
    faults: diagnostics.errors.filter(({ path }) => path !== 'machines'),
    remarks: diagnostics.warnings,
  };
}

/**
 * Reads a machine from its row, by the rules of factory files.
 *
 * @param topic - Its topic if the row has none.
 */
export function readMachineRow(
  row: MachineRow,
  topic: string | null,
  catalogue: Catalogue,
): RowReading<MachineDescription> {
  const diagnostics = new Diagnostics({ pathText: columnOf });
  const metadata = mappingOf(row.metadata);
  const register = metadata['energy_register'] ?? undefined;
  const content = {
    id: row.id,
    name: row.name,
    type: simulatedType(row),
    rated_power_kw: row.rated_power_kw,
    interval: row.data_interval_seconds,
    topic: hasTopic(row) ? row.mqtt_topic : topic,
    parameters: ageParameters(metadata['installation_date']),
    ...(register === undefined ? {} : { energy_register: register }),
  };
  const context = { factoryId: row.factory_id, hasOwnId: true, topicLevel: 'registry', catalogue };
  const description = readMachine(content, diagnostics.top, context);
  // A text column is case-sensitive, and everything stored about a machine carries its id.
  if (description && description.id !== row.id)
    diagnostics.top.at('id').error(`${shown(row.id)} has capital letters; write it in lower case`);
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

/** Whether a row sets its machine's topic. */
export function hasTopic({ mqtt_topic: topic }: Pick<MachineRow, 'mqtt_topic'>): boolean {
  return topic !== null && topic.trim() !== '';
}

/** The parameters that follow from a machine's installation date, if it has one. */
function ageParameters(date: unknown): Readonly<Record<string, number>> {
  const ms = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const year = new Date(ms).getUTCFullYear();
  // An impossible date is ignored.
  if (!(year >= 1900 && year < 2200)) return {};
  const [fromMs, toMs] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  return { installed_year: year + (ms - fromMs) / (toMs - fromMs) };
}

/** A machine's type in the simulator. Types that an EnMS does not know are stored as `other`. */
function simulatedType({ type, metadata }: Pick<MachineRow, 'type' | 'metadata'>): string {
  const { simulator_type: hidden } = mappingOf(metadata);
  return type === 'other' && typeof hidden === 'string' ? hidden : type;
}

/** A JSON object, or an empty one if the value is something else. */
export function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return asMapping(value) ?? {};
}

/** Line-to-line voltages of low-voltage networks in factories [V]. */
const VOLTAGE_V = { 50: 400, 60: 480 } as const;
/** The range of a factory's line-to-line voltage [V]. */
const VOLTAGE_MIN_V = 100;
const VOLTAGE_MAX_V = 1000;

/** Time zones of the Americas with a 50 Hz grid (IEC World Plugs: list by location). */
const AMERICAN_50_HZ = new Set(
  `Asuncion Barbados Buenos_Aires Cayenne Coyhaique Curacao Godthab Grenada Guadeloupe Jamaica
   La_Paz Martinique Montevideo Nuuk Punta_Arenas Santiago Scoresbysund St_Lucia St_Vincent Thule
   Argentina`.split(/\s+/),
);

/**
 * Voltage and frequency of a factory's grid: the most common ratings of its machines, otherwise
 * what is usual in its time zone.
 */
function likelyGrid(
  timeZone: string,
  machines: readonly MachineRow[],
): { voltage: number; frequency: 50 | 60 } {
  const isHz = (hz: number): hz is 50 | 60 => hz === 50 || hz === 60;
  const frequency =
    most(machines.flatMap(({ rated_frequency_hz: hz }) => hz ?? []).filter(isHz)) ??
    usualFrequencyHz(timeZone);
  const isV = (v: number) => v >= VOLTAGE_MIN_V && v <= VOLTAGE_MAX_V;
  const voltage =
    most(machines.flatMap(({ rated_voltage_v: v }) => v ?? []).filter(isV)) ?? VOLTAGE_V[frequency];
  return { voltage, frequency };
}

function usualFrequencyHz(timeZone: string): 50 | 60 {
  const [area = '', place = ''] = timeZone.split('/');
  const isAmerican = area === 'America' || area === 'US' || area === 'Canada';
  return isAmerican && !AMERICAN_50_HZ.has(place) ? 60 : 50;
}

/** The most frequent value; the first in order if several tie. */
export function most<T extends number | string>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0];
}
