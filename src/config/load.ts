import { resolve } from 'node:path';
import { ConfigError, type Diagnostic } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { DEFAULT_FACTORY } from '../factory/default-factory.ts';
import { type FactoryFile, largeFleet, readFactoryFile } from '../factory/index.ts';
import { machineTypes } from '../machines/index.ts';
import { outputs } from '../outputs/index.ts';
import type { Given, WantedOutput } from '../outputs/output.ts';
import type { DatabaseServer } from '../outputs/postgres/server.ts';
import { readScenario } from '../stories/file.ts';
import type { StoryText } from '../stories/index.ts';
import type { Configuration, Source } from './configuration.ts';
import { type EnvironmentReading, readEnvironment } from './environment.ts';
import { type Environment, readEnvironmentFile } from './environment-file.ts';
import { calendarOf, relationFaults, relationRemarks, topicRemarks } from './relations.ts';
import {
  intervalVariable,
  STORIES_MAX,
  type VariableName,
  type VariableValues,
} from './variables.ts';

/** The sources of the configuration; by default those of the process. */
export interface ConfigurationSources {
  /** Options of the command line. */
  readonly options?: {
    readonly factory?: string | undefined;
    /** Paths of scenario files, separated by commas. */
    readonly scenario?: string | undefined;
    /** Whether the command belongs to a live cluster, whatever `CLUSTER` says. */
    readonly isCluster?: boolean;
    /** The number of machines, as written. */
    readonly machines?: string | undefined;
  };
  readonly env?: Environment;
  /** The folder of `.env`, to which relative paths refer. */
  readonly cwd?: string;
  /** The current real time. */
  readonly nowMs?: number;
  /** The machine types that there are; the shipped ones, if not given. */
  readonly catalogue?: readonly MachineType[];
}

/**
 * Builds the configuration from the command line, the environment, `.env` and the factory file.
 * The first of them that sets a value wins.
 *
 * @throws ConfigError with all errors from all sources.
 */
export function loadConfiguration({
  options = {},
  env = process.env,
  cwd = process.cwd(),
  nowMs = Date.now(),
  catalogue = machineTypes,
}: ConfigurationSources = {}): Configuration {
  const faults: Diagnostic[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  const reading = readEnvironment({
    options: {
      FACTORY_FILE: options.factory,
      SCENARIO_FILE: options.scenario,
      FLEET_MACHINES: options.machines,
      CLUSTER: options.isCluster ? 'true' : undefined,
    },
    environment: env,
    file: attempt(() => readEnvironmentFile(cwd)) ?? { variables: {}, remarks: [] },
  });
  const { values, sources } = reading;
  const wanted = wantedOutputs(reading, cwd);
  faults.push(...reading.faults, ...relationFaults(values, nowMs), ...wanted.faults);
  const file = attempt(() => readFactories(reading, cwd, catalogue));
  const scenarios = attempt(() => readScenarios(reading, cwd));
  if (faults.length > 0 || !file || !scenarios) throw new ConfigError(faults);
  const described = { ...describe(values, sources, cwd, catalogue), outputs: wanted.outputs };
  return {
    ...described,
    factories: file.factories.map((factory) => withIntervals(factory, described.intervalsS)),
    scenarios,
    factoryFile: values.FACTORY_FILE && resolve(cwd, values.FACTORY_FILE),
    fleetMachines: values.FLEET_MACHINES,
    sources,
    shown: reading.shown,
    remarks: [
      ...reading.remarks,
      ...wanted.remarks,
      ...relationRemarks(values, sources),
      ...file.remarks,
      ...topicRemarks(file.factories),
    ],
  };
}

function readFactories(
  { values, sources }: EnvironmentReading,
  cwd: string,
  catalogue: readonly MachineType[],
): FactoryFile {
  const calendar = calendarOf(values);
  const { FACTORY_FILE: file, FLEET_MACHINES: machines } = values;
  if (machines !== undefined) return largeFleet(machines, calendar, catalogue);
  if (!file) return { factories: [{ ...DEFAULT_FACTORY, calendar }], remarks: [] };
  const askedBy = sources.FACTORY_FILE === 'command line' ? '--factory' : 'FACTORY_FILE';
  return readFactoryFile(resolve(cwd, file), { catalogue, calendar, askedBy, name: file });
}

/** Reads the scenario files. @throws ConfigError for the first that cannot be read. */
function readScenarios({ values, sources }: EnvironmentReading, cwd: string): StoryText[] {
  const askedBy = sources.SCENARIO_FILE === 'command line' ? '--scenario' : 'SCENARIO_FILE';
  const files = (values.SCENARIO_FILE ?? '').split(',').map((file) => file.trim());
  const named = files.filter((file) => file !== '');
  if (named.length > STORIES_MAX)
    throw new ConfigError([{ path: askedBy, message: `names more than ${STORIES_MAX} files` }]);
  return named.map((file) => readScenario(resolve(cwd, file), askedBy, file));
}

/** A factory with the intervals that are set for all machines of a type, by type. */
export function withIntervals(
  factory: FactoryDescription,
  intervalsS: Readonly<Record<string, number>>,
): FactoryDescription {
  const machines = factory.machines.map((machine) => {
    const intervalS = intervalsS[machine.type];
    return intervalS === undefined ? machine : { ...machine, intervalS };
  });
  return { ...factory, machines };
}

type Described = Omit<
  Configuration,
  | 'outputs'
  | 'factories'
  | 'scenarios'
  | 'factoryFile'
  | 'fleetMachines'
  | 'sources'
  | 'shown'
  | 'remarks'
>;

/** The part of the configuration that only depends on the variables. */
function describe(
  values: VariableValues,
  sources: Readonly<Record<VariableName, Source>>,
  cwd: string,
  catalogue: readonly MachineType[],
): Described {
  const isSet = (name: VariableName) => sources[name] !== 'default';
  return {
    api: {
      host: values.API_HOST,
      port: { number: values.API_PORT, isExplicit: isSet('API_PORT') },
      key: values.API_KEY,
      corsOrigins: values.API_CORS_ORIGINS ?? [],
      hosts: values.API_HOSTS ?? [],
      localAddresses: values.API_LOCAL_ADDRESSES ?? [],
    },
    logLevel: values.LOG_LEVEL,
    isAutoStart: values.SIMULATOR_AUTO_START,
    haveAllRegisters: values.ENERGY_REGISTERS,
    settings: {
      enableAnomalies: values.SIMULATOR_ENABLE_ANOMALIES,
      anomalyProbability: values.ANOMALY_PROBABILITY,
      weekendProductionFactor: isSet('WEEKEND_PRODUCTION_FACTOR')
        ? values.WEEKEND_PRODUCTION_FACTOR
        : null,
    },
    statusIntervalS: values.STATUS_INTERVAL,
    publishing: {
      readers: values.READERS,
      isSpread:
        (values.PUBLISH_SPREAD ?? (values.FLEET_MACHINES ? 'interval' : 'none')) === 'interval',
    },
    simulation: {
      seed: values.SIMULATION_SEED,
      speed: values.SIMULATION_SPEED,
      startMs: values.SIMULATION_START,
      backfillFromMs: values.BACKFILL_FROM,
    },
    catchUpMs: 1000 * values.CATCH_UP,
    isAheadRepeated: values.AHEAD_OF_CLOCK === 'repeat',
    catchUpRate: values.CATCH_UP_RATE,
    dataDir: resolve(cwd, values.DATA_DIR),
    database: databaseServer(values),
    cluster: {
      isLive: values.CLUSTER,
      redisUrl: values.REDIS_URL,
      prefix: values.CLUSTER_PREFIX,
      shards: values.CLUSTER_SHARDS,
    },
    calendar: calendarOf(values),
    catalogue,
    intervalsS: intervalsOf(values, sources, catalogue),
  };
}

/** The options of the outputs, with their errors and remarks. */
function wantedOutputs({ values, sources }: EnvironmentReading, cwd: string) {
  const wanted: WantedOutput[] = [];
  const faults: Diagnostic[] = [];
  const remarks: string[] = [];
  const given: Given = {
    cwd,
    database: databaseServer(values),
    isCluster: values.CLUSTER,
    isSet: (name) => sources[name as VariableName] !== 'default',
    fault: (path, message) => faults.push({ path, message }),
    remark: (sentence) => remarks.push(sentence),
  };
  for (const output of outputs) {
    const options = output.configure(values, given);
    if (options !== undefined) wanted.push({ output, options });
  }
  return { outputs: wanted, faults, remarks };
}

function databaseServer(values: VariableValues): DatabaseServer | undefined {
  if (values.DATABASE_URL) return { connectionString: values.DATABASE_URL };
  if (!values.POSTGRES_HOST) return undefined;
  return {
    host: values.POSTGRES_HOST,
    port: values.POSTGRES_PORT,
    user: values.POSTGRES_USER,
    password: values.POSTGRES_PASSWORD,
    database: values.POSTGRES_DB,
  };
}

/** The intervals that are set for all machines of a type, by type. */
function intervalsOf(
  values: VariableValues,
  sources: Readonly<Record<VariableName, Source>>,
  catalogue: readonly MachineType[],
): Readonly<Record<string, number>> {
  const intervals: Record<string, number> = {};
  for (const { type } of catalogue) {
    const name = intervalVariable(type);
    const intervalS = values[name];
    if (intervalS !== undefined && sources[name] !== 'default') intervals[type] = intervalS;
  }
  return intervals;
}
