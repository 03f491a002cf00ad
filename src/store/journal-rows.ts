import type { JournalEntry, JournalEvent } from '../core/journal.ts';
import type { Parameter, Queries } from './database.ts';
import { StoreError } from './store-error.ts';

/** Rows to fetch at a time: some megabytes. */
const PAGE_ROWS = 10_000;

/**
 * The stored events after a given one, or all events, oldest first.
 *
 * @param location - The database's name in errors.
 * @throws StoreError for an invalid event.
 */
export async function loadEvents(
  queries: Queries,
  location: string,
  last?: JournalEvent,
): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for (;;) {
    const before = events.at(-1) ?? last;
    const rows = await queries.query(
      `select sequence, time_s, kind, body from simulator.events
       where sequence > $1 order by sequence limit ${PAGE_ROWS}`,
      [before?.sequence ?? Number.MIN_SAFE_INTEGER],
    );
    for (const row of rows) events.push(readEvent(row, events.at(-1) ?? last, location));
    if (rows.length < PAGE_ROWS) return events;
  }
}

/** Stores an event. Storing it again changes nothing. */
export async function insertEvent(queries: Queries, event: JournalEvent): Promise<void> {
  const kept = await queries.query(
    `insert into simulator.events as kept (sequence, time_s, kind, body)
     values ($1, $2, $3, $4::jsonb)
     on conflict (sequence) do update set kind = excluded.kind
       where (kept.time_s, kept.kind, kept.body) = (excluded.time_s, excluded.kind, excluded.body)
     returning sequence`,
    rowOf(event),
  );
  if (kept.length > 0) return;
  const message = `the stored event ${event.sequence} of the journal is a different one`;
  throw new StoreError('rejected', message);
}

/** Deletes exactly this event, if it is stored. */
export async function deleteEvent(queries: Queries, event: JournalEvent): Promise<void> {
  await queries.query(
    `delete from simulator.events
     where (sequence, time_s, kind, body) = ($1, $2, $3, $4::jsonb)`,
    rowOf(event),
  );
}

function rowOf(event: JournalEvent): Parameter[] {
  const { sequence, timeS, kind, ...body } = event as JournalEvent & Partial<JournalEntry>;
  return [sequence, timeS, kind, JSON.stringify(body)];
}

type Check = (value: unknown) => boolean;

const TEXT: Check = (value) => typeof value === 'string' && value !== '';
const FINITE: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const POSITIVE: Check = (value) => FINITE(value) && (value as number) > 0;
const TEXTS: Check = (value) => Array.isArray(value) && value.every(TEXT);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const SETTINGS: Readonly<Record<string, Check>> = {
  enableAnomalies: (value) => typeof value === 'boolean',
  anomalyProbability: (value) => FINITE(value) && (value as number) >= 0 && (value as number) <= 1,
  weekendProductionFactor: (value) => value === null || (FINITE(value) && (value as number) >= 0),
};

const MAPPING: Check = (value) => isMapping(value);
const MARK: Check = (value) => value === undefined || value === true;

/** The fields of each kind of event, besides sequence and time. */
const BODIES: Readonly<Record<JournalEvent['kind'], Readonly<Record<string, Check>>>> = {
  start: { machineIds: optional(TEXTS) },
  stop: { machineIds: optional(TEXTS) },
  inject: { id: TEXT, machineId: TEXT, anomalyType: TEXT, severity: FINITE, durationS: FINITE },
  clear: { machineId: TEXT, anomalyType: optional(TEXT) },
  speed: { speed: POSITIVE, configuredSpeed: (value) => value === null || POSITIVE(value) },
  configure: {
    settings: (value) =>
      isMapping(value) &&
      Object.entries(value).every(([key, setting]) => SETTINGS[key]?.(setting) === true),
  },
  scenario: {
    name: TEXT,
    text: TEXT,
    factory: (value) => isMapping(value) && TEXT(value['id']) && Array.isArray(value['machines']),
    startS: optional(FINITE),
    file: optional(TEXT),
    isWhole: MARK,
  },
  end_scenario: { name: TEXT, isReplaced: MARK },
  defect: {
    id: TEXT,
    machineId: TEXT,
    factoryId: TEXT,
    defectKind: TEXT,
    channels: optional(TEXTS),
    fields: optional(TEXTS),
    values: MAPPING,
    growth: optional(MAPPING),
    durationS: (value) => value === null || POSITIVE(value),
  },
  mend: { machineId: TEXT, defectKind: optional(TEXT) },
};

/**
 * Reads an event from its row.
 *
 * @param before - The previous event.
 * @throws StoreError if it is invalid, or earlier than the previous one: a journal with a missing
 *   part would produce different data than was published.
 */
function readEvent(
  row: Readonly<Record<string, unknown>>,
  before: JournalEvent | undefined,
  location: string,
): JournalEvent {
  const { sequence, time_s: timeS, kind, body } = row;
  const refuse = (why: string): never => {
    const message = `${location}: event ${sequence} of the journal (simulator.events) ${why}`;
    throw new StoreError('corrupt', message);
  };
  const checks = Object.hasOwn(BODIES, String(kind)) ? BODIES[kind as 'start'] : undefined;
  if (!checks) return refuse(`has the unknown kind ${JSON.stringify(kind)}`);
  if (!Number.isSafeInteger(sequence) || !FINITE(timeS))
    return refuse('has no sequence number or time');
  if (before && (timeS as number) < before.timeS) return refuse('is earlier than the previous one');
  if (!isMapping(body)) return refuse('has no content');
  for (const key of Object.keys(body))
    if (!Object.hasOwn(checks, key)) return refuse(`has the unknown key ${key}`);
  for (const [key, check] of Object.entries(checks))
    if (!check(body[key])) return refuse(`has an invalid ${key}`);
  return { ...body, kind, sequence, timeS } as unknown as JournalEvent;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
