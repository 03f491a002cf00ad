import Type from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import type { Machine } from '../../core/factory.ts';
import { type FlatField, flatFields } from '../../encoding/reading.ts';
import { isText } from '../../encoding/texts.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import {
  command,
  Id,
  MachinePath,
  numberOrNull,
  responses,
  Time,
  WindowQuery,
} from '../schemas.ts';
import { READINGS_MAX, seriesOf } from '../series.ts';
import { pastWindow, WINDOW_MAX_DAYS, type Window } from '../window.ts';

/** Buckets per series: maximum, the pixels of a wide screen, and default. */
const POINTS_MAX = 2000;
const POINTS_DEFAULT = 400;
/** Longest window with a shift plan; in a longer one shifts are too narrow to see. */
const SHIFTS_MAX_MS = 31 * 86_400_000;
/** Longest list of field names, in characters. */
const FIELDS_MAX = 1000;

const Values = Type.Array(numberOrNull());

const Shift = Type.Object({
  from: Time,
  to: Time,
  shift: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: 'Index in the shift plan; null on weekends, holidays and between shifts.',
  }),
  load_share: Type.Number({ description: 'Share of full production.', examples: [1] }),
});

const Series = Type.Object({
  machine_id: Id,
  from: Time,
  to: Time,
  bucket_seconds: Type.Number({ examples: [9] }),
  sampled: Type.Boolean({
    description:
      `True if the window has more than ${READINGS_MAX} readings: each bucket is sampled, and ` +
      'its extremes are those of the samples.',
  }),
  readings: Type.Integer({ description: 'Readings that were read.', examples: [3600] }),
  time: Type.Array(Time, { description: 'The end of each bucket.' }),
  shifts: Type.Array(Shift, {
    description:
      'The shift plan from `from` to one window length after `to`, since charts continue; empty ' +
      'for windows of more than 31 days.',
  }),
  fields: Type.Record(Type.String(), Type.Object({ min: Values, max: Values, mean: Values }), {
    description: 'One value per bucket, null for an empty bucket.',
  }),
});

/** `/simulator/machines/{machine_id}/series`: a window of any length, aggregated for charts. */
export function series(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/series',
    {
      schema: {
        tags: [TAGS.readings],
        summary: 'A window of a machine in buckets: minimum, maximum and mean values',
        description:
          'Buckets of equal width, after `from` up to and including `to`; default: the ' +
          `last hour; at most ${WINDOW_MAX_DAYS} days. Without \`fields\`, all numeric fields.`,
        params: MachinePath,
        querystring: command({
          ...WindowQuery,
          fields: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: FIELDS_MAX,
              title: 'names of fields, separated by commas',
              examples: ['power_kw,pressure_bar'],
            }),
          ),
          points: Type.Optional(Type.Integer({ minimum: 1, maximum: POINTS_MAX })),
        }),
        response: responses(Series, 404, 409, 422),
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const machine = simulator.machine(params.machine_id);
      const fields = wantedFields(machine, query.fields);
      const window = await pastWindow(simulator, query);
      const { points = POINTS_DEFAULT } = query;
      const { fleet } = simulator;
      const signal = limiter.acquire(request, reply);
      const found = await seriesOf(fleet, machine, fields, window, points, signal);
      // Bucket ends may be fractional even if readings are not; all have the same form.
      const formMs = found.endsMs.find((ms) => ms % 1000 !== 0) ?? machine.intervalMs;
      return {
        machine_id: machine.id,
        from: timeText(window.fromMs),
        to: timeText(window.toMs),
        bucket_seconds: (window.toMs - window.fromMs) / points / 1000,
        sampled: found.isSampled,
        readings: found.readings,
        time: found.endsMs.map((ms) => timeText(ms, formMs)),
        shifts: plannedShifts(machine, window),
        fields: Object.fromEntries(
          found.columns.map(({ name, min, max, mean }) => [
            name,
            { min: shown(min), max: shown(max), mean: shown(mean) },
          ]),
        ),
      };
    },
  );
}

function plannedShifts({ site }: Machine, { fromMs, toMs }: Window) {
  const spanMs = toMs - fromMs;
  if (spanMs > SHIFTS_MAX_MS) return [];
  return site.shifts(fromMs / 1000, (toMs + spanMs) / 1000).map(({ fromS, toS, ...planned }) => ({
    from: timeText(1000 * fromS),
    to: timeText(1000 * toS),
    shift: planned.shift,
    load_share: planned.loadShare,
  }));
}

/** JSON has no NaN; six decimals are the resolution of the finest field. */
function shown(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) =>
    Number.isNaN(value) ? null : Math.round(value * 1e6) / 1e6,
  );
}

function wantedFields({ type }: Machine, names: string | undefined): readonly FlatField[] {
  const known = flatFields(type).filter(({ field }) => !isText(field));
  if (names === undefined) return known;
  const wanted = [...new Set(names.split(','))];
  const unknown = wanted.filter((name) => !known.some((field) => field.name === name));
  if (unknown.length > 0) {
    const accepted = known.map(({ name }) => name).join(', ');
    const message = `${unknown.join(', ')} is not accepted; choose from ${accepted}`;
    throw new ConfigError([{ path: 'fields', message }]);
  }
  return known.filter(({ name }) => wanted.includes(name));
}
