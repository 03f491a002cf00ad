import { FAULTS_MAX } from '../../core/errors.ts';
import { type Keys, readMapping } from '../../schema/composite-type.ts';
import { Diagnostics } from '../../schema/diagnostics.ts';
import type { Parameter } from '../database.ts';

/** Columns as a client gives them; those that are missing stay as they are. */
export type Input = Readonly<Record<string, unknown>>;

/**
 * The columns that a client gave, in the form that the database takes.
 *
 * @throws ConfigError with everything that is wrong with them.
 */
export function readInput(input: Input, columns: Keys): Input {
  const diagnostics = new Diagnostics({ errorsMax: FAULTS_MAX });
  const values = readMapping(input, columns, diagnostics.top);
  diagnostics.check();
  return values;
}

/** Old metadata with the new keys; those that are null go, others that an EnMS keeps stay. */
export function mergedMetadata(old: Input, changes: Input): Record<string, unknown> {
  const merged = { ...old, ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

/** Columns and their values as statements take them. */
export function assignments(row: Input): {
  names: string[];
  places: string[];
  values: Parameter[];
} {
  const names = Object.keys(row);
  return {
    names,
    places: names.map((name, i) => (name === 'metadata' ? `$${i + 1}::jsonb` : `$${i + 1}`)),
    values: names.map((name) =>
      name === 'metadata' ? JSON.stringify(row[name]) : (row[name] as Parameter),
    ),
  };
}
