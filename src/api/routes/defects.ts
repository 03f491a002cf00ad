import Type, { type TSchema } from 'typebox';
import { DURATION_S } from '../../core/anomaly.ts';
import type { ToldDefect } from '../../core/factory.ts';
import { defectNamed, defects as kinds } from '../../defects/index.ts';
import { timeText } from '../../encoding/time.ts';
import { countedDefects, defectRow, defectsIn } from '../../service/defect-records.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { PAGE_HEADERS, pageOf, pageQuery } from '../paging.ts';
import {
  AMBIGUOUS,
  COMMAND_FAILURES,
  described,
  failures,
  invalid,
  NO_MACHINE,
  responses,
} from '../responses.ts';
import {
  answer,
  answered,
  command,
  flag,
  integer,
  list,
  MachineId,
  MachineName,
  MachinePath,
  named,
  number,
  numberOrNull,
  oneOf,
  text,
  textOrNull,
  time,
  windowQuery,
} from '../schemas.ts';
import { pastWindow } from '../window.ts';

/** Span of a window without `from`: a day. */
const WINDOW_DEFAULT_MS = 86_400_000;
/** Defects per page: default, and maximum of about half a megabyte. */
const PAGE_DEFECTS = 100;
const PAGE_DEFECTS_MAX = 1000;

const KINDS = kinds.map(({ kind }) => kind);
const Kind = oneOf(
  `What is wrong. ${kinds.map(({ kind, about }) => `${kind}: ${about}`).join(' ')}`,
  KINDS,
);

/** The keys of all kinds, each with the kinds that take it; the kind checks their values. */
function kindKeys(): Record<string, TSchema> {
  const keys = new Map<string, string[]>();
  for (const { kind, keys: own } of kinds)
    for (const [name, { about }] of Object.entries(own))
      keys.set(name, [...(keys.get(name) ?? []), `${kind}: ${about}`]);
  return Object.fromEntries(
    [...keys].map(([name, abouts]) => [
      name,
      Type.Optional(Type.Unsafe<unknown>({ description: `For some kinds. ${abouts.join(' ')}` })),
    ]),
  );
}

const NAMES_MAX = 100;
const names = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      maxItems: NAMES_MAX,
      description,
    }),
  );

const Wish = command(
  {
    kind: Kind,
    channels: names('Channels on which it acts; default: all.'),
    fields: names('Fields on which it acts, for the kinds that change single values.'),
    ...kindKeys(),
    duration_seconds: Type.Optional(
      Type.Integer({
        minimum: DURATION_S.min,
        maximum: DURATION_S.max,
        description:
          `Simulated seconds until it ends; default: ${DURATION_S.default}. Not for ` +
          `${KINDS.filter((kind) => defectNamed(kind)?.isInstant).join(' and ')}, which happen ` +
          'at an instant.',
      }),
    ),
  },
  {
    description: 'The defect. The keys that a kind takes are as in a scenario file.',
    examples: [{ kind: 'scale', fields: ['energy_kwh'], unit: 'Wh', duration_seconds: 3600 }],
  },
);

const FIELDS = {
  machine_id: MachineId,
  channel: textOrNull('Channels on which it acts, separated by `;`; null: all.', 'energy'),
  fields: textOrNull(
    'Fields on which it acts, separated by `;`; null for kinds without.',
    'energy_kwh',
  ),
  class: oneOf('The part of the measurement in which it sits.', [
    ...new Set(kinds.map((defect) => defect.class)),
  ]),
  kind: text('What is wrong.', 'scale'),
  parameters: Type.Record(Type.String(), Type.Unsafe<unknown>({}), {
    description: 'The keys of its kind, with every draw resolved but those for each reading.',
    examples: [{ unit: 'Wh' }],
  }),
  started_at: time('When it started.'),
};

const Given = named('Defect', 'A defect of a machine’s instruments.', {
  id: text(
    'Id of the defect, or of the event of a story that causes it.',
    '0b9a7c0e-5a51-4fd7-8d0e-9a6b5c0c4f11',
  ),
  ...FIELDS,
  ends_at: textOrNull('When it ends; null: never.', '2026-01-05T07:00:00Z'),
});

const Mended = Type.Object(
  { machine_id: MachineId, mended: list('The defects that were mended.', Given) },
  { description: 'What was mended.' },
);

const Label = named('DefectTruth', 'A defect of one machine, as the answer key has it.', {
  id: text('Id of the defect.', '0b9a7c0e-5a51-4fd7-8d0e-9a6b5c0c4f11'),
  scenario: textOrNull('Name of its story; null if a client gave it.', 'leak-and-repair'),
  event: textOrNull('Its event in the story; null if a client gave it.', 'wrong-ct'),
  ...FIELDS,
  ended_at: textOrNull('When it ended or will end; null: never.', '2026-01-05T07:00:00Z'),
  readings_affected: integer(
    'Readings of the window on which it acts: all of them or, with a share, those drawn.',
    3600,
  ),
  readings_lost: integer('Those that are never delivered.', 0),
  readings_repeated: integer('Those that are delivered twice.', 0),
  largest_delay_s: number('How much later one is delivered at most [s].', 0),
  energy_error_kwh: numberOrNull(
    'Told less true `energy_kwh` of those readings, lost ones as 0; null for registers.',
    52.7,
  ),
  is_final: flag('Whether it has ended within the window, so that the figures are final.'),
});

function given(machineId: string, { event, occurrence }: Omit<ToldDefect, 'story'>) {
  const { kind, channels, fields, values, beginS, endS } = occurrence;
  return {
    id: event,
    machine_id: machineId,
    channel: channels?.join(';') ?? null,
    fields: fields?.join(';') ?? null,
    class: (defectNamed(kind) as { class: (typeof kinds)[number]['class'] }).class,
    kind,
    parameters: { ...values },
    started_at: timeText(1000 * beginS),
    ends_at: Number.isFinite(endS) ? timeText(1000 * endS) : null,
  };
}

/** `/simulator/machines/{machine_id}/defect` and `/simulator/defects`: defects of instruments. */
export function defects(app: App, { simulator, limiter }: Api): void {
  const { stories } = simulator;
  app.post(
    '/simulator/machines/:machine_id/defect',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'injectDefect',
        summary: 'Give the instruments of a machine a defect',
        description:
          'It starts at the next simulated second and ends by itself. It changes what is ' +
          'published, and nothing of the machine itself.',
        params: MachinePath,
        body: Wish,
        response: responses(
          'The machine has the defect.',
          answer('scale on Compressor-1 until 2026-01-05T07:00:00Z', Given),
          ...COMMAND_FAILURES,
          NO_MACHINE,
          AMBIGUOUS,
          invalid('fields', '"energy" is not a field of these machines; did you mean energy_kwh?'),
        ),
      },
    },
    async ({ params, body }) => {
      const machine = simulator.machine(params.machine_id);
      const { kind, duration_seconds, ...keys } = body;
      const isInstant = defectNamed(kind)?.isInstant ?? false;
      const durationS = duration_seconds ?? (isInstant ? undefined : DURATION_S.default);
      const data = given(machine.id, await stories.addDefect(machine, { kind, durationS, keys }));
      const until = data.ends_at === null ? '' : ` until ${data.ends_at}`;
      return answered(`${kind} on ${machine.name}${until}`, data);
    },
  );

  app.delete(
    '/simulator/machines/:machine_id/defect',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'mendDefects',
        summary: 'Mend the defects of a machine',
        description:
          'Without `kind`, all that act, those of stories as well. It succeeds if there are ' +
          'none. What has happened at an instant, such as the exchange of a meter, stays.',
        params: MachinePath,
        querystring: command({ kind: Type.Optional(oneOf('Only defects of this kind.', KINDS)) }),
        response: responses(
          'The defects have been mended.',
          answer('mended scale', Mended),
          ...COMMAND_FAILURES,
          NO_MACHINE,
          AMBIGUOUS,
          invalid('kind', '"wrong" is not accepted; the name of a kind'),
        ),
      },
    },
    async ({ params, query }) => {
      const machine = simulator.machine(params.machine_id);
      const found = await stories.mend(machine, query.kind);
      const ended = found.map(({ occurrence }) => occurrence.kind).join(', ');
      const message = found.length > 0 ? `mended ${ended}` : `${machine.name} has no defects`;
      const mended = found.map((each) => given(machine.id, each));
      return answered(message, { machine_id: machine.id, mended });
    },
  );

  app.get(
    '/simulator/defects',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'listDefects',
        summary: 'The defects in a window: their ground truth',
        description:
          'Defects of stories and those that clients gave, oldest first, page by page, with what ' +
          'they do within the window.',
        querystring: command({
          ...windowQuery('a day before `to`'),
          machine_id: Type.Optional(MachineName),
          kind: Type.Optional(oneOf('Only defects of this kind.', KINDS)),
          ...pageQuery(PAGE_DEFECTS, PAGE_DEFECTS_MAX),
        }),
        response: {
          200: described(
            'The defects on this page, oldest first.',
            Type.Array(Label),
            PAGE_HEADERS,
          ),
          ...failures(
            NO_MACHINE,
            AMBIGUOUS,
            invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
          ),
        },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const { machine_id, kind } = query;
      const window = await pastWindow(simulator, query, WINDOW_DEFAULT_MS);
      const machines =
        machine_id === undefined ? simulator.fleet.machines : [simulator.machine(machine_id)];
      const signal = limiter.acquire(request, reply);
      const { fromMs, toMs } = window;
      const found = await defectsIn(machines, fromMs, toMs, signal);
      const wanted = found.filter((each) => kind === undefined || each.kind === kind);
      const page = pageOf(reply, query, wanted, PAGE_DEFECTS);
      const counted = await countedDefects(simulator.fleet, page, fromMs, toMs, signal);
      return counted.map(defectRow);
    },
  );
}
