import Type from 'typebox';
import { wireName } from '../../core/field.ts';
import type { JournalEvent } from '../../core/journal.ts';
import { IS_ID } from '../../core/machine-finder.ts';
import { timeText } from '../../encoding/time.ts';
import type { Simulator } from '../../service/simulator.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { pageOf, pageQuery } from '../paging.ts';
import {
  command,
  failures,
  MachineName,
  oneOf,
  Time,
  textOrNull,
  WindowQuery,
} from '../schemas.ts';
import { parsedSpan } from '../window.ts';

/** Events per page: default, and maximum of about 2 MB. */
const PAGE_EVENTS = 100;
const PAGE_EVENTS_MAX = 10_000;

const KINDS = [
  'start',
  'stop',
  'inject',
  'clear',
  'configure',
  'speed',
] as const satisfies readonly JournalEvent['kind'][];

const Event = Type.Object({
  sequence: Type.Integer({ description: 'Position in the journal.', examples: [7] }),
  time: Time,
  kind: oneOf(KINDS),
  machine_ids: Type.Unsafe<string[] | null>({
    type: ['array', 'null'],
    items: { type: 'string' },
    description: 'The machines that it affects; null: all machines, or the simulator.',
  }),
  anomaly_id: textOrNull({ description: 'Id of an injected anomaly.' }),
  what: Type.Record(Type.String(), Type.Unsafe<string | number | boolean | null>({}), {
    description: 'The parameters: an anomaly, settings, a speed.',
    examples: [{ anomaly_type: 'leak', severity: 3, duration_seconds: 600 }],
  }),
});

const Filter = command({
  ...WindowQuery,
  kind: Type.Optional(oneOf(KINDS)),
  machine_id: Type.Optional(MachineName),
  ...pageQuery(PAGE_EVENTS_MAX),
});

/** `/simulator/journal`: all external events, page by page. */
export function journal(app: App, { simulator }: Api): void {
  app.get(
    '/simulator/journal',
    {
      schema: {
        tags: [TAGS.simulation],
        summary: 'The journal: all external events',
        description:
          'Events after `from` up to and including `to`, oldest first. With `machine_id`, only ' +
          'events that affect this machine, even if it was removed. The page size is ' +
          `${PAGE_EVENTS} unless \`limit\` is given; the header X-Total-Count has the number of ` +
          'matching events, and Link the URL of the next page.',
        querystring: Filter,
        response: {
          200: { description: 'Oldest first', ...Type.Array(Event) },
          ...failures(404, 409, 422),
        },
      },
    },
    async ({ query }, reply) => {
      const { from, to, kind } = query;
      const span = parsedSpan(from, to);
      const machineId = query.machine_id && journalId(simulator, query.machine_id);
      await simulator.eventLog.settled();
      const found = simulator.eventLog.journal.events.filter(
        (event) =>
          event.timeS * 1000 > span.fromMs &&
          event.timeS * 1000 <= span.toMs &&
          (kind === undefined || event.kind === kind) &&
          (machineId === undefined || concerns(event, machineId)),
      );
      return pageOf(reply, query, found, PAGE_EVENTS).map(shown);
    },
  );
}

/** A given id, whether or not the machine still exists, or the id of a machine by name. */
function journalId(simulator: Simulator, text: string): string {
  return IS_ID.test(text) ? text.toLowerCase() : simulator.machine(text).id;
}

function concerns(event: JournalEvent, machineId: string): boolean {
  if (event.kind === 'configure' || event.kind === 'speed') return false;
  return machineIdsOf(event)?.includes(machineId) ?? true;
}

function machineIdsOf(event: JournalEvent): readonly string[] | undefined {
  if ('machineId' in event) return [event.machineId];
  return 'machineIds' in event ? event.machineIds : undefined;
}

function shown(event: JournalEvent) {
  const machineIds = machineIdsOf(event);
  return {
    sequence: event.sequence,
    time: timeText(event.timeS * 1000),
    kind: event.kind,
    machine_ids: machineIds ? [...machineIds] : null,
    anomaly_id: event.kind === 'inject' ? event.id : null,
    what: whatOf(event),
  };
}

function whatOf(event: JournalEvent): Record<string, string | number | boolean | null> {
  switch (event.kind) {
    case 'inject':
      return {
        anomaly_type: event.anomalyType,
        severity: event.severity,
        duration_seconds: event.durationS,
      };
    case 'clear':
      return event.anomalyType === undefined ? {} : { anomaly_type: event.anomalyType };
    case 'configure':
      return Object.fromEntries(
        Object.entries(event.settings).map(([key, value]) => [wireName(key), value]),
      );
    case 'speed':
      return { simulation_speed: event.speed };
    default:
      return {};
  }
}
