import type { Diagnostic } from '../core/errors.ts';
import type { CalendarDescription, FactoryDescription } from '../core/factory.ts';
import { shiftFaults } from '../factory/calendar.ts';
import { DEFAULT_CALENDAR } from '../factory/default-factory.ts';
import { urlFaults } from '../outputs/postgres/url.ts';
import { shown } from '../schema/diagnostics.ts';
import { instantText } from '../schema/times.ts';
import type { Source } from './configuration.ts';
import type { VariableName, VariableValues } from './variables.ts';

type Sources = Readonly<Record<VariableName, Source>>;

/** Conflicts between variables that are each valid. Outputs check their own. */
export function relationFaults(values: VariableValues, nowMs: number): Diagnostic[] {
  return [
    ...variableShiftFaults(values),
    ...backfillFaults(values, nowMs),
    ...databaseFaults(values),
    ...clusterFaults(values),
    ...fleetFaults(values),
  ];
}

/** A generated fleet and a factory file exclude each other. */
function fleetFaults(values: VariableValues): Diagnostic[] {
  if (values.FLEET_MACHINES === undefined || !values.FACTORY_FILE) return [];
  const message = `${values.FLEET_MACHINES} cannot be combined with FACTORY_FILE; set one of them`;
  return [{ path: 'FLEET_MACHINES', message }];
}

/** Parameters of the database's URL that are not supported. */
function databaseFaults({ DATABASE_URL: url }: VariableValues): Diagnostic[] {
  const faults = url === undefined ? [] : urlFaults(url);
  return faults.map((message) => ({ path: 'DATABASE_URL', message }));
}

/** The processes of a live cluster need shared servers. */
function clusterFaults(values: VariableValues): Diagnostic[] {
  if (!values.CLUSTER) return [];
  const needed: [VariableName, unknown, string][] = [
    ['REDIS_URL', values.REDIS_URL, 'a Redis server that its workers share'],
    [
      'POSTGRES_HOST',
      values.POSTGRES_HOST || values.DATABASE_URL,
      'a PostgreSQL server that its processes share, here or in DATABASE_URL',
    ],
  ];
  return needed
    .filter(([, value]) => !value)
    .map(([path, , what]) => ({ path, message: `is not set; a live cluster needs ${what}` }));
}

/** What is accepted but has no effect, or probably not the intended one. */
export function relationRemarks(values: VariableValues, sources: Sources): string[] {
  const isSet = (name: VariableName) => sources[name] !== 'default';
  const alone = values.CLUSTER
    ? (['READERS', 'PUBLISH_SPREAD'] as const)
        .filter(isSet)
        .map((name) => `${name}: no effect with CLUSTER`)
    : [];
  const open =
    values.API_CORS_ORIGINS?.includes('*') && values.API_KEY === undefined
      ? ['API_CORS_ORIGINS: * lets every page read; without API_KEY, none may change anything']
      : [];
  return [...alone, ...open];
}

/** Characters in a topic that some brokers reject, such as NATS, which closes the connection. */
const UNUSUAL_IN_TOPIC = /[ .]/;

/** Mentions topics that are accepted here, but not by every broker. */
export function topicRemarks(factories: readonly FactoryDescription[]): string[] {
  const topics = factories
    .flatMap(({ machines }) => machines.map(({ topic }) => topic))
    .filter((topic) => UNUSUAL_IN_TOPIC.test(topic));
  if (topics.length === 0) return [];
  const more = topics.length > 1 ? ` and ${topics.length - 1} more topics` : '';
  const [first] = topics;
  return [`${shown(first)}${more}: some brokers refuse topics that contain a space or a dot`];
}

/** The calendar from the variables, for factories without one of their own. */
export function calendarOf(values: VariableValues): CalendarDescription {
  return {
    ...DEFAULT_CALENDAR,
    shifts: [
      { startMinute: values.SHIFT_1_START, endMinute: values.SHIFT_1_END, loadShare: 1 },
      { startMinute: values.SHIFT_2_START, endMinute: values.SHIFT_2_END, loadShare: 1 },
    ],
    restShare: values.SHIFT_3_FACTOR,
  };
}

function variableShiftFaults(values: VariableValues): Diagnostic[] {
  return shiftFaults(calendarOf(values).shifts).map(({ index, message }) => ({
    path: `SHIFT_${index + 1}_START, SHIFT_${index + 1}_END`,
    message,
  }));
}

function backfillFaults(values: VariableValues, nowMs: number): Diagnostic[] {
  const { BACKFILL_FROM: fromMs, SIMULATION_START: startMs } = values;
  const beginMs = startMs ?? nowMs;
  if (fromMs === undefined || fromMs <= beginMs) return [];
  const begin = `${startMs === undefined ? 'now' : 'SIMULATION_START'}, ${instantText(beginMs)}`;
  const message = `${instantText(fromMs)} is not accepted; an instant no later than ${begin}`;
  return [{ path: 'BACKFILL_FROM', message }];
}
