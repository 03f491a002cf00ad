import { FLEET_MACHINES_MAX } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { DEFAULT_FACTORY } from '../factory/default-factory.ts';
import { machineTypes } from '../machines/index.ts';
import { type OutputVariables, outputs } from '../outputs/index.ts';
import { DATABASE_URL } from '../outputs/postgres/url.ts';
import {
  duration,
  END_MINUTE,
  INTERVAL_S,
  START_MINUTE,
  WHOLE_INSTANT_MS,
} from '../schema/times.ts';
import {
  ADDRESSES,
  choice,
  FLAG,
  HOST,
  HOSTS,
  number,
  ORIGINS,
  pattern,
  positive,
  text,
  url,
  type ValueType,
  whole,
} from '../schema/value-type.ts';
import {
  type DefaultedVariable,
  optional,
  secret,
  type ValuesOf,
  type Variable,
  type Variables,
  variable,
} from '../schema/variable.ts';

const DAY_S = 86_400;
const CATCH_UP_S = duration(1, 3650 * DAY_S);

/** How far back a sink catches up [s]: 0 for `none`, infinite for `all`. */
const CATCH_UP: ValueType<number> = {
  expected: `none, all, ${CATCH_UP_S.expected}`,
  schema: { type: ['number', 'string'] },
  parse: (value) => {
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    if (word === 'none') return 0;
    return word === 'all' ? Number.POSITIVE_INFINITY : CATCH_UP_S.parse(value);
  },
};

const PORT = whole(1, 65_535);
const SHARE = number(0, 1);
const NAME = text(255);
/** The limit of a path on Linux. */
const PATH = text(4096);
/** Stories at a time: every machine that is built asks each of them. */
export const STORIES_MAX = 20;
const PATHS = text(STORIES_MAX * 4096);
const HTTP_URL = url('http', 'https');

/** The address of a running simulator, which may lie below a path. */
export const SIMULATOR_URL: ValueType<string> = {
  ...HTTP_URL,
  expected: `${HTTP_URL.expected}, without a user name`,
  parse: (value) => {
    const given = HTTP_URL.parse(value);
    if (given === undefined) return undefined;
    const { username, password, search, hash } = new URL(given);
    return username + password + search + hash === '' ? given : undefined;
  },
};

/** The key is sent in a header. */
const KEY = pattern(/^[\x21-\x7e]{1,255}$/, '1 to 255 ASCII characters without spaces');

const API = {
  API_HOST: variable(HOST, '127.0.0.1', 'Address that the HTTP API listens on.'),
  API_PORT: variable(
    PORT,
    '8003',
    'Port of the HTTP API. If the default is in use, the next free one is taken.',
  ),
  API_KEY: secret(KEY, 'Key for making changes. Without one, only clients on this computer may.'),
  API_LOCAL_ADDRESSES: optional(
    ADDRESSES,
    'Addresses whose clients count as clients on this computer: in a container whose ports are ' +
      'published on the loopback address only, gateway.',
  ),
  API_CORS_ORIGINS: optional(
    ORIGINS,
    'Origins whose pages may call the API. With *, every page may read, but not change.',
  ),
  API_HOSTS: optional(
    HOSTS,
    'Host names under which a proxy on the same computer serves the API to readers.',
  ),
  ENMS_SIMULATOR_URL: secret(
    SIMULATOR_URL,
    'Address of the simulator for inject, clear, status, watch and open. Without one, they look ' +
      'for a simulator with this DATA_DIR.',
  ),
  LOG_LEVEL: variable(
    choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    'info',
    'Lowest level to log. With debug and trace, errors include their stack.',
  ),
} as const;

const MACHINES = {
  FACTORY_FILE: optional(PATH, 'Factories and machines from a YAML or JSON file.'),
  SCENARIO_FILE: optional(
    PATHS,
    'Stories from scenario files, separated by commas: part of the beginning of an empty store.',
  ),
  FLEET_MACHINES: optional(
    whole(1, FLEET_MACHINES_MAX),
    'Size of a generated fleet that replaces the registry, with equal numbers of the basic types.',
  ),
  SIMULATOR_AUTO_START: variable(FLAG, 'true', 'Whether machines run from the start.'),
  SIMULATOR_ENABLE_ANOMALIES: variable(FLAG, 'true', 'Whether anomalies occur at random.'),
  ANOMALY_PROBABILITY: variable(SHARE, '0.10', 'Chance of an anomaly per machine and day.'),
  ENERGY_REGISTERS: variable(
    FLAG,
    'false',
    'Whether every machine has an energy register, energy_total_kwh, which counts from the ' +
      'beginning of the store.',
  ),
  ...intervals(),
  SHIFT_1_START: variable(START_MINUTE, '6', 'Local time at which shift 1 starts.'),
  SHIFT_1_END: variable(END_MINUTE, '14', 'Local time at which shift 1 ends.'),
  SHIFT_2_START: variable(START_MINUTE, '14', 'Local time at which shift 2 starts.'),
  SHIFT_2_END: variable(END_MINUTE, '22', 'Local time at which shift 2 ends.'),
  SHIFT_3_FACTOR: variable(
    SHARE,
    '0.5',
    'Production outside shifts 1 and 2, as a share of full production.',
  ),
  WEEKEND_PRODUCTION_FACTOR: variable(
    SHARE,
    '0.3',
    'Production on weekends and holidays, as a share. If set, it applies to every factory.',
  ),
} as const;

/** Highest speed of simulated time: about a day per second. */
export const SPEED_MAX = 100_000;

const SIMULATION = {
  SIMULATION_SEED: variable(whole(0, 0xffff_ffff), '42', 'The same seed gives the same data.'),
  SIMULATION_SPEED: variable(positive(SPEED_MAX), '1', 'Simulated seconds per real second.'),
  SIMULATION_START: optional(
    WHOLE_INSTANT_MS,
    'Simulated instant at which an empty store begins. Without it, simulated time is real time.',
  ),
  BACKFILL_FROM: optional(
    WHOLE_INSTANT_MS,
    'Instant at which delivery begins on an empty store; the past up to now is delivered first.',
  ),
  CATCH_UP: variable(CATCH_UP, '24h', 'How far back delivery goes after an outage.'),
  AHEAD_OF_CLOCK: variable(
    choice(['wait', 'repeat']),
    'wait',
    'What to do at a start with a clock behind the delivered data: wait, or deliver it again.',
  ),
  CATCH_UP_RATE: variable(
    whole(0, 10_000_000),
    '1000',
    'Messages per second while a receiver is behind; 0: no limit.',
  ),
  STATUS_INTERVAL: variable(
    whole(0, DAY_S),
    '60',
    'Simulated seconds between repeated statuses; 0: a status with every reading.',
  ),
} as const;

const STORE = {
  DATA_DIR: variable(PATH, './data', 'Folder of the embedded database and of exports.'),
  POSTGRES_HOST: optional(HOST, 'PostgreSQL server. Without one, the embedded database is used.'),
  POSTGRES_PORT: variable(PORT, '5432', 'Port of the PostgreSQL server.'),
  POSTGRES_USER: optional(NAME, 'User name for the database.'),
  POSTGRES_PASSWORD: secret(text(1024), 'Password for the database.'),
  POSTGRES_DB: variable(NAME, 'enms', 'Name of the database.'),
  DATABASE_URL: secret(DATABASE_URL, 'URL of the database, which replaces POSTGRES_*.'),
} as const;

const CLUSTER = {
  CLUSTER: variable(
    FLAG,
    'false',
    'Whether this process is the API of a live cluster, without deliveries, like run --cluster.',
  ),
  REDIS_URL: secret(
    url('redis', 'rediss'),
    'Redis server that distributes work among processes; only a cluster needs one.',
  ),
  CLUSTER_PREFIX: variable(
    pattern(/^[a-z0-9-]{1,64}$/, '1 to 64 lower-case letters, digits and hyphens'),
    'enms-simulator',
    'Prefix of every key in Redis, so that several clusters can share a server.',
  ),
  CLUSTER_SHARDS: variable(
    whole(1, 4096),
    '64',
    'Number of parts that a live cluster divides its machines into. Fixed by the first start.',
  ),
} as const;

/** The variables of intervals, by the names of machine types. */
type IntervalVariables = Readonly<Record<`${string}_INTERVAL`, DefaultedVariable<number>>>;

/** One for each type that is shipped and no meter: those of the default factory come first. */
function intervals(): IntervalVariables {
  const usual = DEFAULT_FACTORY.machines.map(({ type }) => type);
  const rank = ({ type }: MachineType) =>
    usual.includes(type) ? usual.indexOf(type) : usual.length;
  const types = machineTypes.filter(({ isMainMeter }) => isMainMeter !== true);
  return Object.fromEntries(
    types
      .toSorted((a, b) => rank(a) - rank(b))
      .map(({ type, plural, intervalS }) => [
        intervalVariable(type),
        variable(
          INTERVAL_S,
          String(intervalS),
          `Seconds between readings of ${plural}. If set, it applies to all of them.`,
        ),
      ]),
  );
}

/** Variables under a heading of the documentation. */
export type Section = readonly [title: string, variables: Variables];

/**
 * Every variable under its heading. Outputs come before the store, or under an existing heading.
 */
export const SECTIONS: readonly Section[] = withOutputs(
  [
    ['HTTP API and log', API],
    ['Factories and machines', MACHINES],
    ['Simulated time and delivery', SIMULATION],
  ],
  [
    ['Store', STORE],
    ['Cluster', CLUSTER],
  ],
);

function withOutputs(before: readonly Section[], after: readonly Section[]): readonly Section[] {
  const variables = new Map<string, Variables>();
  for (const [title, own] of before) variables.set(title, own);
  const titles = new Set(after.map(([title]) => title));
  const add = (title: string, own: Variables) => {
    if (Object.keys(own).length > 0) variables.set(title, { ...variables.get(title), ...own });
  };
  for (const { title, variables: own } of outputs) if (!titles.has(title)) add(title, own);
  for (const [title, own] of after) add(title, own);
  for (const { title, variables: own } of outputs) if (titles.has(title)) add(title, own);
  return [...variables];
}

/** Every environment variable, in the order of the documentation. */
export const VARIABLES: typeof API &
  typeof MACHINES &
  IntervalVariables &
  typeof SIMULATION &
  OutputVariables &
  typeof STORE &
  typeof CLUSTER = Object.assign({}, ...SECTIONS.map(([, variables]) => variables));

/** The name of an environment variable. */
export type VariableName = keyof typeof VARIABLES;

/** Types of values that reveal the structure of a network. */
const REVEALING: ReadonlySet<ValueType<unknown>> = new Set<ValueType<unknown>>([
  ADDRESSES,
  HOST,
  HOSTS,
  ORIGINS,
]);

/**
 * Whether a variable holds a host, or free text such as a path or a name. Such values are shown to
 * the operator only.
 */
export function isRevealing(name: string): boolean {
  const variable: Variable<unknown> | undefined = VARIABLES[name as VariableName];
  return (
    variable !== undefined &&
    (REVEALING.has(variable.kind) || variable.kind.schema['maxLength'] !== undefined)
  );
}

/** The values of the variables, by name. */
export type VariableValues = ValuesOf<typeof VARIABLES>;

/** The variable that overrides the interval of machines of a type: `COMPRESSOR_INTERVAL`. */
export function intervalVariable(type: string): `${string}_INTERVAL` {
  return `${type.toUpperCase()}_INTERVAL`;
}
