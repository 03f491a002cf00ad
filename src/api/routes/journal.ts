import Type from 'typebox';
import { wireName } from '../../core/field.ts';
import type { JournalEvent } from '../../core/journal.ts';
import { IS_ID } from '../../core/machine-finder.ts';
import { timeText } from '../../encoding/time.ts';
import type { Simulator } from '../../service/simulator.ts';
import { digestOf } from '../../stories/told.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { PAGE_HEADERS, pageOf, pageQuery } from '../paging.ts';
import { AMBIGUOUS, described, failures, invalid } from '../responses.ts';
import {
  command,
  instant,
  integer,
  MachineName,
  named,
  oneOf,
  textOrNull,
  time,
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
  'scenario',
  'end_scenario',
  'defect',
  'mend',
] as const satisfies readonly JournalEvent['kind'][];

const Event = named('JournalEvent', 'A command that was given to the simulator.', {
  sequence: integer('Position in the journal, from 1.', 7),
  time: time('When it takes effect.'),
  kind: oneOf('What kind of command it was.', KINDS),
  machine_ids: Type.Unsafe<string[] | null>({
    type: ['array', 'null'],
    items: { type: 'string' },
    description: 'Ids of the machines that it affects; null: all machines, or the simulator.',
  }),
  anomaly_id: textOrNull(
    'Id of the injected anomaly or defect; null for other events.',
    '035a4032-45bc-45cb-9aaf-c46787aeefa9',
  ),
  what: Type.Record(
    Type.String(),
    Type.Unsafe<string | number | boolean | null>({
      type: ['string', 'number', 'boolean', 'null'],
    }),
    {
      description:
        'The parameters of the command: an anomaly, settings, a speed, a defect, or the name and ' +
        'the SHA-256 of a story.',
      examples: [{ anomaly_type: 'leak', severity: 3, duration_seconds: 600 }],
    },
  ),
});

const Filter = command({
  from: Type.Optional(
    instant('Only events after this instant; default: all.', '2026-01-05T06:00:00Z'),
  ),
  to: Type.Optional(
    instant('Only events up to this instant; default: all.', '2026-01-05T07:00:00Z'),
  ),
  kind: Type.Optional(oneOf('Only events of this kind.', KINDS)),
  machine_id: Type.Optional(MachineName),
  ...pageQuery(PAGE_EVENTS, PAGE_EVENTS_MAX),
});

/** `/simulator/journal`: all external events, page by page. */
export function journal(app: App, { simulator }: Api): void {
  app.get(
    '/simulator/journal',
    {
      schema: {
        tags: [TAGS.simulation],
        operationId: 'listJournal',
        summary: 'The journal: all commands that were given to the simulator',
        description:
          'Events after `from` up to and including `to`, oldest first, page by page. With ' +
          '`machine_id`, only events that affect this machine, even if it was removed.',
        querystring: Filter,
        response: {
          200: described('The events on this page, oldest first.', Type.Array(Event), PAGE_HEADERS),
          ...failures(
            AMBIGUOUS,
            invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
          ),
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
  if (event.kind === 'scenario') return event.factory.machines.some(({ id }) => id === machineId);
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
    anomaly_id: event.kind === 'inject' || event.kind === 'defect' ? event.id : null,
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
    case 'scenario':
      return { name: event.name, digest: digestOf(event.text) };
    case 'end_scenario':
      return { name: event.name };
    case 'defect':
      return {
        defect_kind: event.defectKind,
        channels: event.channels?.join(';') ?? null,
        fields: event.fields?.join(';') ?? null,
        parameters: JSON.stringify(event.values),
        duration_seconds: event.durationS,
      };
    case 'mend':
      return event.defectKind === undefined ? {} : { defect_kind: event.defectKind };
    default:
      return {};
  }
}
