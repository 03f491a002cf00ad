import type { Diagnostic } from '../core/errors.ts';
import { Diagnostics } from '../schema/diagnostics.ts';
import { scalar } from '../schema/value-type.ts';
import type { Variable } from '../schema/variable.ts';
import type { Shown, Source } from './configuration.ts';
import type { Environment, EnvironmentFile } from './environment-file.ts';
import { VARIABLES, type VariableName, type VariableValues } from './variables.ts';

/** The values of the variables, and problems with them. */
export interface EnvironmentReading {
  /** An invalid variable has its default here, so that the rest can be checked. */
  readonly values: VariableValues;
  readonly sources: Readonly<Record<VariableName, Source>>;
  readonly shown: Readonly<Record<VariableName, Shown>>;
  readonly faults: readonly Diagnostic[];
  readonly remarks: readonly string[];
}

/** The sources of variables, in order of precedence. */
export interface EnvironmentSources {
  readonly options: Environment;
  readonly environment: Environment;
  readonly file: EnvironmentFile;
}

/**
 * Reads every variable. An empty one counts as unset, since compose files pass unset variables
 * that way.
 */
export function readEnvironment(from: EnvironmentSources): EnvironmentReading {
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const shown: Record<string, Shown> = {};
  const diagnostics = new Diagnostics();
  for (const [name, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const [source, written] = find(name, variable, from);
    sources[name] = source;
    const fallback = variable.default && scalar(variable.default, variable.kind);
    values[name] = fallback && variable.kind.parse(fallback);
    shown[name] = fallback ?? null;
    if (source === 'default') continue;

    const given = scalar(written, variable.kind);
    const value = variable.kind.parse(given);
    shown[name] = variable.isSecret ? '(set)' : given;
    const what = variable.isSecret ? 'what was set' : undefined;
    if (value !== undefined) values[name] = value;
    else diagnostics.top.at(name).notAccepted(written, variable.kind, what);
  }
  const { errors: faults } = diagnostics;
  const { remarks } = from.file;
  return { values, sources, shown, faults, remarks } as unknown as EnvironmentReading;
}

function find(
  name: string,
  { isSecret }: Variable<unknown>,
  { options, environment, file }: EnvironmentSources,
): [Source, string] {
  const places = [
    ['command line', options],
    ['environment', environment],
    ['.env', file.variables],
  ] as const;
  for (const [source, place] of places) {
    const written = isSecret ? place[name] : place[name]?.trim();
    if (written) return [source, written];
  }
  return ['default', ''];
}
