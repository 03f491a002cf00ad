import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError, type Fault, nearestName } from '../core/errors.ts';
import type { Shown, Source } from './configuration.ts';
import { notAccepted, scalar } from './kinds.ts';
import { VARIABLES, type Variable, type VariableName, type VariableValues } from './variables.ts';

/** Variables as they were written, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the variables say, and what is to be said about them. */
export interface EnvironmentReading {
  /** Where a variable has a fault, its default stands in, so that the rest can be checked. */
  readonly values: VariableValues;
  readonly sources: Readonly<Record<VariableName, Source>>;
  readonly shown: Readonly<Record<VariableName, Shown>>;
  readonly faults: readonly Fault[];
  readonly remarks: readonly string[];
}

/** Where variables come from, the strongest first. */
export interface EnvironmentSources {
  readonly options: Environment;
  readonly environment: Environment;
  readonly file: Environment;
}

/** Reads every variable; an empty one counts as not set, as compose files leave them. */
export function readEnvironment(from: EnvironmentSources): EnvironmentReading {
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const shown: Record<string, Shown> = {};
  const faults: Fault[] = [];
  const remarks: string[] = [];
  for (const [name, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const [source, written] = find(name, variable, from);
    sources[name] = source;
    const fallback = variable.default && scalar(variable.default, variable.kind);
    values[name] = fallback && variable.kind.read(fallback);
    shown[name] = fallback ?? null;
    if (source === 'default') continue;

    const given = scalar(written, variable.kind);
    const value = variable.kind.read(given);
    shown[name] = variable.isSecret ? '(set)' : given;
    if (value !== undefined) values[name] = value;
    else faults.push({ path: name, message: fault(written, variable) });
  }
  remarks.push(...unknownVariables(from.file));
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
    ['.env', file],
  ] as const;
  for (const [source, place] of places) {
    const written = isSecret ? place[name] : place[name]?.trim();
    if (written) return [source, written];
  }
  return ['default', ''];
}

function fault(written: string, { kind, isSecret }: Variable<unknown>): string {
  return isSecret ? `what was set is not accepted; ${kind.accepts}` : notAccepted(written, kind);
}

/** Beginnings of names that are ours alone; in `.env` others may keep theirs. */
const OUR_PREFIXES = [
  'API_',
  'ANOMALY_',
  'BACKFILL_',
  'CATCH_',
  'FACTORY_',
  'MQTT_',
  'SHIFT_',
  'SIMULATION_',
  'SIMULATOR_',
  'WEEKEND_',
];

function unknownVariables(file: Environment): string[] {
  return Object.keys(file)
    .filter((name) => !(name in VARIABLES) && OUR_PREFIXES.some((each) => name.startsWith(each)))
    .sort()
    .map((name) => {
      const near = nearestName(name, Object.keys(VARIABLES));
      return `${name} in .env is not known${near ? `; did you mean ${near}?` : ''}`;
    });
}

/**
 * Reads the file `.env` of a folder; there need not be one.
 *
 * @throws ConfigError where there is one that cannot be read.
 */
export function readEnvironmentFile(folder: string): Environment {
  try {
    return parseEnv(readFileSync(join(folder, '.env'), 'utf8')) as Environment;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigError([{ path: '.env', message: `cannot be read (${code})` }]);
  }
}
