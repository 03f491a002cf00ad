import Type from 'typebox';
import type { Occurrence } from '../../core/occurrence.ts';
import type { StoryEvent } from '../../core/story.ts';
import { timeText } from '../../encoding/time.ts';
import type { ActiveEvent, ActiveStory } from '../../service/stories.ts';
import { SCENARIO_MAX_BYTES } from '../../stories/index.ts';
import { type Api, type App, TAGS } from '../context.ts';
import {
  COMMAND_FAILURES,
  conflict,
  described,
  failures,
  invalid,
  responses,
  unknown,
} from '../responses.ts';
import {
  answer,
  answered,
  command,
  FactoryId,
  instant,
  integer,
  list,
  named,
  oneOf,
  text,
  textOrNull,
  time,
} from '../schemas.ts';
import { parsedSpan } from '../window.ts';

/** Characters of a scenario: those of a file of 1 MiB. */
const TEXT_MAX = SCENARIO_MAX_BYTES;
/** A body with the text of the largest file, in which line breaks and quotes take two bytes. */
const BODY_MAX_BYTES = 2 * SCENARIO_MAX_BYTES;

const EXAMPLE = {
  name: 'leak-and-repair',
  factory: 'Demo Manufacturing Plant',
  events: [
    {
      id: 'growing-leak',
      at: '1h',
      ramp: '2h',
      duration: '3h',
      fault: { machine: 'Compressor-1', type: 'leak', severity: 3 },
    },
  ],
};

const Name = text('Name of the story.', EXAMPLE.name);

const Given = command(
  {
    scenario: Type.Unsafe<object | string>({
      type: ['object', 'string'],
      minLength: 1,
      maxLength: TEXT_MAX,
      title: 'a scenario as an object, or its text in YAML',
      description: 'The scenario: an object, or the text of a scenario file in YAML or JSON.',
    }),
    start: Type.Optional(
      instant(
        'Zero of its relative times, unless the scenario has a start. Default: the next second. ' +
          'A start before that is not accepted, as the past does not change.',
        '2026-01-05T06:00:00Z',
      ),
    ),
  },
  { description: 'The story to begin.', examples: [{ scenario: EXAMPLE }] },
);

const Event = named('ScenarioEvent', 'An event of a story, once.', {
  event: text('Id of the event.', 'growing-leak'),
  occurrence: integer('How often it has occurred before.', 0),
  class: oneOf('What the event is.', [
    'fault',
    'defect',
    'change',
    'stop',
  ] satisfies StoryEvent['class'][]),
  machine_id: textOrNull(
    'Id of its machine; null if it has several, or none.',
    'c0000000-0000-0000-0000-000000000001',
  ),
  machines: integer('Number of its machines; 0 for a change of the whole factory.', 1),
  begins_at: time('When it begins.'),
  ends_at: textOrNull('When it ends; null: never.', '2026-01-05T09:00:00Z'),
});

const Scenario = named('Scenario', 'A story that goes on.', {
  name: Name,
  factory_id: FactoryId,
  start: time('Zero of its relative times.'),
  told_at: time('From when on it is told.'),
  digest: text(
    'SHA-256 of its text, in hexadecimal digits.',
    '0f4a1c58e6ac7d2bb5a5ad10b06c4ca29ac94dd71d9b3a7bd1d3b0a2f0d1f6b3',
  ),
  events: integer('Number of its events.', 1),
  active: list('What acts now: the first hundred.', Event),
  next: list('The next occurrences of its next ten events within a year.', Event),
});

const Begun = Type.Object(
  {
    name: Name,
    start: time('Zero of its relative times.'),
    events: integer('Number of its events.', 1),
  },
  { description: 'The story that has begun.' },
);

const NO_STORY = unknown(
  'No story of this name goes on.',
  'no story of the name "leak-and-repair" goes on',
);
const NamePath = Type.Object({
  name: Type.String({
    minLength: 1,
    maxLength: 63,
    title: 'the name of a story',
    description: 'Name of the story.',
    examples: [EXAMPLE.name],
  }),
});

/** `/simulator/scenarios`: the stories that go on. */
export function scenarios(app: App, { simulator }: Api): void {
  const { stories } = simulator;
  app.post(
    '/simulator/scenarios',
    {
      bodyLimit: BODY_MAX_BYTES,
      schema: {
        tags: [TAGS.stories],
        operationId: 'beginScenario',
        summary: 'Begin a story',
        description:
          'It holds from the next simulated second on. The scenario is as in a scenario file. It ' +
          'is checked first: if anything in it is wrong, nothing changes.',
        body: Given,
        response: responses(
          'The story has begun.',
          answer('leak-and-repair goes on from 2026-01-05T06:00:00Z', Begun),
          ...COMMAND_FAILURES,
          conflict(
            'A story of this name goes on, or twenty do.',
            'a story of the name leak-and-repair goes on; end it first',
          ),
          invalid(
            'start',
            '2026-01-05T05:00:00Z is before 2026-01-05T06:00:00Z, the next second; the past does ' +
              'not change',
          ),
        ),
      },
    },
    async ({ body }) => {
      const { scenario, start } = body;
      const isText = typeof scenario === 'string';
      const { story, toldS } = await stories.begin({
        text: isText ? scenario : JSON.stringify(scenario),
        isText,
        ...(start !== undefined && { startS: startOf(start) }),
      });
      const { name, events, startS = toldS } = story;
      const data = { name, start: timeText(1000 * startS), events: events.length };
      return answered(`${name} goes on from ${timeText(1000 * toldS)}`, data);
    },
  );

  app.get(
    '/simulator/scenarios',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'listScenarios',
        summary: 'The stories that go on',
        description: 'Oldest first, each with what acts now and what comes next.',
        response: {
          200: described('The stories, oldest first.', Type.Array(Scenario)),
          ...failures(),
        },
      },
    },
    async () => {
      await simulator.eventLog.settled();
      return stories.active().map(shown);
    },
  );

  app.get(
    '/simulator/scenarios/:name',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'getScenario',
        summary: 'A story that goes on',
        description: 'What acts in it now, and what comes next.',
        params: NamePath,
        response: responses('The story.', Scenario, NO_STORY, NOT_A_NAME),
      },
    },
    async ({ params }) => {
      await simulator.eventLog.settled();
      return shown(stories.get(params.name));
    },
  );

  app.delete(
    '/simulator/scenarios/:name',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'endScenario',
        summary: 'End a story',
        description:
          'What acts ends now, changes are undone, and nothing more comes. Machines recover as ' +
          'they do after an anomaly. The past stays as it was.',
        params: NamePath,
        response: responses(
          'The story has ended.',
          answer('leak-and-repair has ended', Scenario),
          ...COMMAND_FAILURES,
          NO_STORY,
          NOT_A_NAME,
        ),
      },
    },
    async ({ params }) => {
      const ended = await stories.end(params.name);
      return answered(`${ended.story.name} has ended`, shown(ended));
    },
  );
}

const NOT_A_NAME = invalid('name', 'text of 64 characters is not accepted; the name of a story');

function startOf(start: string): number {
  return Math.floor(parsedSpan(start, undefined).fromMs / 1000);
}

function shown({ story, digest, toldS, active, next }: ActiveStory) {
  return {
    name: story.name,
    factory_id: story.factoryId,
    start: timeText(1000 * (story.startS ?? toldS)),
    told_at: timeText(1000 * toldS),
    digest,
    events: story.events.length,
    active: active.map(shownEvent),
    next: next.map(shownEvent),
  };
}

function shownEvent({ event, occurrence }: ActiveEvent) {
  const ids = machineIdsOf(event, occurrence);
  const [only = null] = ids.length === 1 ? ids : [];
  const { index, beginS, endS } = occurrence;
  return {
    event: event.id,
    occurrence: index,
    class: event.class,
    machine_id: only,
    machines: ids.length,
    begins_at: timeText(1000 * beginS),
    ends_at: Number.isFinite(endS) ? timeText(1000 * endS) : null,
  };
}

/** A fault may choose one of the machines of its event. */
function machineIdsOf(event: StoryEvent, occurrence: Occurrence): readonly string[] {
  const { machineId } = occurrence as { readonly machineId?: string };
  return machineId === undefined ? event.machineIds : [machineId];
}
