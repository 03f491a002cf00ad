import Type from 'typebox';
import { CHANGE_REASONS } from '../../core/story.ts';
import { measuresIn } from '../../service/measure-records.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { invalid, responses } from '../responses.ts';
import {
  command,
  list,
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

const Measure = named('Measure', 'What a change of the factory saves within a boundary.', {
  id: text('Id of the change within the boundary.', '7d1c3f0e-9a51-8fd7-8d0e-9a6b5c0c4f11'),
  scenario: text('Name of its story.', 'retrofit'),
  event: text('Its event in the story.', 'vsd-retrofit'),
  as: oneOf('Why the factory was changed.', CHANGE_REASONS),
  boundary: oneOf('Of what it saves energy: the factory without its meters, or one of them.', [
    'factory',
    'machine',
    'main_meter',
  ]),
  machine_id: textOrNull(
    'Id of the machine or the meter; null for the factory.',
    'c0000000-0000-0000-0000-000000000001',
  ),
  change: Type.Record(Type.String(), Type.Unsafe<unknown>({}), {
    description: 'What changed, as a scenario file has it.',
    examples: [{ machine: 'Compressor-1', parameters: { control: 'vsd' } }],
  }),
  from: time('When the factory changed.'),
  until: textOrNull('When the change was undone; null: never.', null),
  true_savings_kwh: number(
    'Energy of the window without the change, less that with it [kWh], of all carriers.',
    12.345678,
  ),
  true_savings_percent: numberOrNull(
    'The savings in per cent of the energy without the change; null if there was none.',
    4.2,
  ),
  true_savings_cost: numberOrNull('The saved cost; null without a tariff.', null),
  true_savings_co2_kg: numberOrNull('The saved CO2 [kg]; null without a tariff.', null),
  interacts_with: list(
    'Changes of the window that may influence its savings, as scenario/event.',
    Type.String(),
  ),
});

/** `/simulator/measures`: what changes of the factory save in a window. */
export function measures(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/measures',
    {
      schema: {
        tags: [TAGS.stories],
        operationId: 'listMeasures',
        summary: 'The changes in a window, with their true savings',
        description:
          'Changes of stories, oldest first. Savings compare the factory with itself without the ' +
          'change, within the part of the window in which it holds: the faults, the stops and ' +
          'all other changes are the same.',
        querystring: command(windowQuery('a day before `to`')),
        response: responses(
          'A row for each change and boundary, oldest first.',
          Type.Array(Measure),
          invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
        ),
      },
    },
    async (request, reply) => {
      const { fromMs, toMs } = await pastWindow(simulator, request.query, WINDOW_DEFAULT_MS);
      const signal = limiter.acquire(request, reply);
      return measuresIn(simulator.fleet, fromMs, toMs, signal);
    },
  );
}
