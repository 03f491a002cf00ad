import type { Machine } from '../core/factory.ts';
import type { Field } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import { flatFields, flatNames } from './reading.ts';
import type { TableField } from './texts.ts';

/** A text that is the same in all rows of a machine: its id, its name. */
export interface MachineColumn {
  readonly name: string;
  textOf(machine: Machine): string;
}

/** The id of the machine: the second column of every table. */
export const MACHINE_ID: MachineColumn = { name: 'machine_id', textOf: ({ id }) => id };

/** A table of readings in a dataset. */
export interface TableLayout {
  /** Name of a channel, `energy`, or of a machine type. */
  readonly name: string;
  /** The columns after `time`. */
  readonly machineColumns: readonly MachineColumn[];
  /** The columns after those, one per name that any of the types has. */
  readonly fields: readonly TableField[];
  /** A machine type's own fields of the table, by name. */
  fieldsOf(type: MachineType): ReadonlyMap<string, TableField>;
  /** Position of the channel with which a row of a type is delivered; −1: it has no rows. */
  channelOf(type: MachineType): number;
  /** Descriptions of all columns in their order, for formats that can store them. */
  readonly descriptions?: ColumnDescriptions;
}

/** Descriptions of columns, by name. */
export type ColumnDescriptions = Readonly<Record<string, ColumnDescription>>;

/** A description of a column. */
export interface ColumnDescription {
  /** As people write it, `''` if there is none. */
  readonly unit: string;
  readonly description: string;
}

/**
 * The tables of readings by channel: one for each channel of some machine types. Their columns are
 * in the interface's order.
 */
export function tableLayouts(types: Iterable<MachineType>): readonly TableLayout[] {
  const all = [...new Set(types)];
  const rank = new Map(flatNames(all).map((name, i) => [name, i]));
  const tables = new Map<string, Map<string, { readonly field: Field; readonly rank: number }>>();
  for (const type of all)
    for (const { name, field } of flatFields(type)) {
      const channel = type.channels.find(({ fields }) => fields.includes(field))?.name as string;
      const columns = tables.get(channel) ?? new Map();
      tables.set(channel, columns);
      const known = columns.get(field.name)?.field as Field | undefined;
      const isFiner = known === undefined || field.decimals > known.decimals;
      columns.set(field.name, {
        field: isFiner ? field : known,
        rank: rank.get(name) as number,
      });
    }
  return [...tables].map(([name, columns]) => ({
    name,
    machineColumns: [MACHINE_ID],
    fields: [...columns.values()].sort((a, b) => a.rank - b.rank).map(({ field }) => field),
    fieldsOf: (type) => channelFields(type, name),
    channelOf: (type) => type.channels.findIndex((channel) => channel.name === name),
  }));
}

/** The layout of a table that has the rows of another one without its fields. */
export function labelLayout({ name, channelOf }: TableLayout): TableLayout {
  return { name, machineColumns: [MACHINE_ID], fields: [], fieldsOf: () => new Map(), channelOf };
}

/** A machine type's fields of a channel, by name; empty if it has no such channel. */
function channelFields({ channels }: MachineType, wanted: string): ReadonlyMap<string, Field> {
  const channel = channels.find(({ name }) => name === wanted);
  return new Map(channel?.fields.map((field) => [field.name, field]));
}
