import type { Diagnostic } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';
import { shiftFaults } from '../factory/calendar.ts';
import { urlFaults } from '../outputs/postgres/url.ts';
import { shown } from '../schema/diagnostics.ts';
import { instantText } from '../schema/times.ts';
import { calendarOf } from './calendar.ts';
import type { Source } from './configuration.ts';
import type { VariableName, VariableValues } from './variables.ts';

type Sources = Readonly<Record<VariableName, Source>>;

/** What is wrong with variables that are right one by one; outputs look after their own. */
export function relationFaults(values: VariableValues, nowMs: number): Diagnostic[] {
  return [
    ...variableShiftFaults(values),
    ...backfillFaults(values, nowMs),
    ...databaseFaults(values),
    ...clusterFaults(values),
    ...fleetFaults(values),
  ];
}

/** A fleet of so many machines is all the factories that there are. */
function fleetFaults(values: VariableValues): Diagnostic[] {
  if (values.FLEET_MACHINES === undefined || !values.FACTORY_FILE) return [];
  const message = `${values.FLEET_MACHINES} goes without FACTORY_FILE; set one of them`;
  return [{ path: 'FLEET_MACHINES', message }];
}

/** Parameters of the database's URL that mean nothing here. */
function databaseFaults({ DATABASE_URL: url }: VariableValues): Diagnostic[] {
  const faults = url === undefined ? [] : urlFaults(url);
  return faults.map((message) => ({ path: 'DATABASE_URL', message }));
}

/** The processes of a live cluster meet on servers. */
function clusterFaults(values: VariableValues): Diagnostic[] {
  if (!values.CLUSTER) return [];
  const needed: [VariableName, unknown, string][] = [
    ['REDIS_URL', values.REDIS_URL, 'the Redis server that its workers share'],
    [
      'POSTGRES_HOST',
      values.POSTGRES_HOST || values.DATABASE_URL,
      'the PostgreSQL server that its processes share, or DATABASE_URL',
    ],
  ];
  return needed
    .filter(([, value]) => !value)
    .map(([path, , what]) => ({ path, message: `is not set; a live cluster needs ${what}` }));
}

/** What is accepted and has no effect, or hardly the one that was meant. */
export function relationRemarks(values: VariableValues, sources: Sources): string[] {
  const isSet = (name: VariableName) => sources[name] !== 'default';
  const alone = values.CLUSTER
    ? (['READERS', 'PUBLISH_SPREAD'] as const)
        .filter(isSet)
        .map((name) => `${name}: no effect with CLUSTER`)
    : [];
  const open =
    values.API_CORS_ORIGINS?.includes('*') && values.API_KEY === undefined
      ? ['API_CORS_ORIGINS: * lets every page read; none may change anything without API_KEY']
      : [];
  return [...alone, ...open];
}

/** What some brokers do not take in a topic, such as NATS, which ends the connection. */
const UNUSUAL_IN_TOPIC = /[ .]/;

/** Says which topics are accepted here, but not by every broker. */
export function topicRemarks(factories: readonly FactoryDescription[]): string[] {
  const topics = factories
    .flatMap(({ machines }) => machines.map(({ topic }) => topic))
    .filter((topic) => UNUSUAL_IN_TOPIC.test(topic));
  if (topics.length === 0) return [];
  const more = topics.length > 1 ? ` and ${topics.length - 1} more topics` : '';
  const [first] = topics;
  return [`${shown(first)}${more}: some brokers refuse topics that contain a space or a dot`];
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
  const message = `${instantText(fromMs)} is not accepted; an instant not after ${begin}`;
  return [{ path: 'BACKFILL_FROM', message }];
}
