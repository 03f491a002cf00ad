import { FAULTS_MAX } from '../../core/errors.ts';
import { type Keys, readMapping } from '../../schema/composite-type.ts';
import { Diagnostics } from '../../schema/diagnostics.ts';
import type { Parameter } from '../database.ts';

/** Column values from a client. Columns that are missing stay unchanged. */
export type Input = Readonly<Record<string, unknown>>;

/**
 * Checks column values from a client and converts them for the database.
 *
 * @throws ConfigError with all errors.
 */
export function readInput(input: Input, columns: Keys): Input {
  const diagnostics = new Diagnostics({ errorsMax: FAULTS_MAX });
  const values = readMapping(input, columns, diagnostics.top);
  diagnostics.check();
  return values;
}

/** Merges new keys into metadata. A null removes a key; other keys of an EnMS stay. */
export function mergedMetadata(old: Input, changes: Input): Record<string, unknown> {
  const merged = { ...old, ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

/** The columns of a row, with placeholders and values for a statement. */
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
