import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { type Channel, ELECTRICITY, type Field, PRODUCTION, wireName } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import { fieldText, isText } from './texts.ts';
import { timeText } from './time.ts';

/** A reading as a plain record, for small numbers of readings: {@link readingAt}. */
export interface Reading {
  readonly time: string;
  readonly machine_id: string;
  readonly [field: string]: string | number | null;
}

/** A field of a flat record and its name. */
export interface FlatField {
  readonly name: string;
  readonly field: Field;
}

/** The channels of a flat record in order; a boiler has electricity instead of energy. */
const CHANNEL_ORDER = ['energy', 'electricity', 'production', 'environmental'];

/** The fields of energy, production and environmental in the order of the interface. */
const FIELD_ORDER = [
  ...Object.keys({ ...ELECTRICITY, ...PRODUCTION }).map(wireName),
  'recipe_id',
  'batch_id',
  'outdoor_temp_c',
  'indoor_temp_c',
  'machine_temp_c',
  'outdoor_humidity_percent',
  'indoor_humidity_percent',
  'pressure_bar',
  'flow_rate_m3h',
  'supply_air_temp_c',
  'return_air_temp_c',
  'chilled_water_supply_temp_c',
  'chilled_water_return_temp_c',
  'cop',
  'vibration_mm_s',
];

/**
 * The fields of a machine type's flat record after `time` and `machine_id`: those of energy,
 * production and environmental, then those of further channels with a prefix
 * (`steam_pressure_bar`), in the interface's order.
 */
export function flatFields(type: MachineType): readonly FlatField[] {
  return flat.of(type);
}

const flat = new Memo((type: MachineType): readonly FlatField[] => {
  const channels = type.channels.toSorted((a, b) => channelRank(a) - channelRank(b));
  const fields = channels.flatMap((channel) =>
    channel.fields.map((field) => flatField(channel, field)),
  );
  return inOrder(fields, ({ name }) => name);
});

/** The names of all fields of some machine types, in the interface's order. */
export function flatNames(types: Iterable<MachineType>): readonly string[] {
  const names = new Set<string>();
  for (const type of types) for (const { name } of flatFields(type)) names.add(name);
  return inOrder([...names], (name) => name);
}

/** Row `row` of a batch as a flat record; it must be a reading. */
export function readingAt(batch: Batch, row: number): Reading {
  const { id, type, intervalMs } = batch.machines[row] as Machine;
  const reading: Record<string, string | number | null> = {
    time: timeText(batch.toldMs[row] as number, intervalMs),
    machine_id: id,
  };
  for (const { name, field } of flatFields(type)) {
    const value = batch.values[row * ROW_WIDTH + field.column] as number;
    reading[name] = !Number.isFinite(value)
      ? null
      : isText(field)
        ? fieldText(field, value)
        : value;
  }
  return reading as Reading;
}

/** Fields of further channels are prefixed with the channel's name to keep names distinct. */
function flatField({ name }: Channel, field: Field): FlatField {
  return { name: CHANNEL_ORDER.includes(name) ? field.name : `${name}_${field.name}`, field };
}

function channelRank({ name }: Channel): number {
  const rank = CHANNEL_ORDER.indexOf(name);
  return rank < 0 ? CHANNEL_ORDER.length : rank;
}

/** Fields named by the interface in its order, then the others. */
function inOrder<T>(entries: readonly T[], nameOf: (entry: T) => string): readonly T[] {
  const rank = (entry: T) => {
    const index = FIELD_ORDER.indexOf(nameOf(entry));
    return index < 0 ? FIELD_ORDER.length : index;
  };
  return entries.toSorted((a, b) => rank(a) - rank(b));
}
