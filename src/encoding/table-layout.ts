import type { Field } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import { flatFields, flatNames } from './reading.ts';

/** A table of readings in a dataset: one channel of every machine type that has it. */
export interface TableLayout {
  /** Name of the channel: `energy`. */
  readonly name: string;
  /** The fields after `time` and `machine_id`, one per name that any of the types has. */
  readonly fields: readonly Field[];
}

/** The tables of readings of some machine types; their columns are in the interface's order. */
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
    fields: [...columns.values()].sort((a, b) => a.rank - b.rank).map(({ field }) => field),
  }));
}

/** A machine type's own fields of a table, by name; empty where it has no such channel. */
export function ownFields(type: MachineType, { name }: TableLayout): ReadonlyMap<string, Field> {
  const channel = type.channels.find((each) => each.name === name);
  return new Map(channel?.fields.map((field) => [field.name, field]));
}
