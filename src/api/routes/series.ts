import Type from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import type { Machine } from '../../core/factory.ts';
import { type FlatField, flatFields } from '../../encoding/reading.ts';
import { isText } from '../../encoding/texts.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { type Layer, LayerQuery } from '../layer.ts';
import { AMBIGUOUS, invalid, NO_MACHINE, responses } from '../responses.ts';
import {
  command,
  flag,
  integer,
  list,
  MachineId,
  MachinePath,
  named,
  number,
  time,
  windowQuery,
} from '../schemas.ts';
import { type Series as Found, READINGS_MAX, seriesOf } from '../series.ts';
import { pastWindow, WINDOW_MAX_DAYS, type Window } from '../window.ts';

/** Buckets per series: maximum, the pixels of a wide screen, and default. */
const POINTS_MAX = 2000;
const POINTS_DEFAULT = 400;
/** Longest window with a shift plan; in a longer one shifts are too narrow to see. */
const SHIFTS_MAX_MS = 31 * 86_400_000;
/** Longest list of field names, in characters. */
const FIELDS_MAX = 1000;

const values = (description: string) =>
  list(description, Type.Unsafe<number | null>({ type: ['number', 'null'] }));

const Shift = Type.Object({
  from: time('Start of the shift.'),
  to: time('End of the shift.', '2026-01-05T14:00:00Z'),
  shift: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: 'Index in the shift plan; null on weekends, holidays and between shifts.',
    examples: [0],
  }),
  load_share: number('Share of full production.', 1),
});

const Fields = (description: string) =>
  Type.Record(
    Type.String(),
    Type.Object({
      min: values('Lowest value of each bucket.'),
      max: values('Highest value of each bucket.'),
      mean: values('Mean value of each bucket.'),
    }),
    { description },
  );

const Series = named('Series', 'A window of a machine in buckets of equal width.', {
  machine_id: MachineId,
  from: time('Start of the window, excluded.'),
  to: time('End of the window, included.', '2026-01-05T07:00:00Z'),
  bucket_seconds: number('Width of a bucket [s].', 9),
  sampled: flag(
    `True if the window has more than ${READINGS_MAX} readings, or half as many with ` +
      '`expected=true`: each bucket is sampled, and its extremes are those of the samples.',
  ),
  readings: integer('Readings that were read.', 3600),
  time: list('The end of each bucket.', Type.String()),
  shifts: list(
    'The shift plan from `from` to one window length after `to`, since charts continue; empty ' +
      'for windows of more than 31 days.',
    Shift,
  ),
  fields: Fields('The fields by name, with one value per bucket; null for an empty bucket.'),
  expected: Type.Optional(
    Fields('With `expected=true`: the same fields, had there never been an anomaly.'),
  ),
});

/** `/simulator/machines/{machine_id}/series`: a window of any length, aggregated for charts. */
export function series(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/series',
    {
      schema: {
        tags: [TAGS.readings],
        operationId: 'getSeries',
        summary: 'Minimum, maximum and mean values of a machine, for charts',
        description:
          'Divides the window into buckets of equal width. The window is at most ' +
          `${WINDOW_MAX_DAYS} days long.`,
        params: MachinePath,
        querystring: command({
          ...windowQuery('an hour before `to`'),
          fields: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: FIELDS_MAX,
              title: 'names of fields, separated by commas',
              description:
                'Names of fields, separated by commas; default: all numeric fields except ' +
                'energy_total_kwh.',
              examples: ['power_kw,pressure_bar'],
            }),
          ),
          points: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: POINTS_MAX,
              description: `Number of buckets; default: ${POINTS_DEFAULT}.`,
            }),
          ),
          as: LayerQuery,
          expected: Type.Optional(
            flag('Whether to add the values of the same machine without any anomaly or defect.'),
          ),
        }),
        response: responses(
          'The series.',
          Series,
          NO_MACHINE,
          AMBIGUOUS,
          invalid('points', `0 is not accepted; a whole number from 1 to ${POINTS_MAX}`),
        ),
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
      const readingsMax = query.expected ? READINGS_MAX / 2 : READINGS_MAX;
      const read = (as?: Layer) =>
        seriesOf(fleet, machine, fields, window, points, signal, readingsMax, as);
      const found = await read(query.as);
      const twin = query.expected ? await read('clean') : undefined;
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
        fields: shownFields(found),
        ...(twin && { expected: shownFields(twin) }),
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

function shownFields({ columns }: Found) {
  return Object.fromEntries(
    columns.map(({ name, min, max, mean }) => [
      name,
      { min: shown(min), max: shown(max), mean: shown(mean) },
    ]),
  );
}

/** JSON has no NaN; six decimals are the resolution of the finest field. */
function shown(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) =>
    Number.isNaN(value) ? null : Math.round(value * 1e6) / 1e6,
  );
}

function wantedFields({ type }: Machine, names: string | undefined): readonly FlatField[] {
  const known = flatFields(type).filter(({ field }) => !isText(field));
  // An energy register counts from the beginning of the store, so it takes long to read.
  if (names === undefined) return known.filter(({ field }) => !field.isTotal);
  const wanted = [...new Set(names.split(','))];
  const unknown = wanted.filter((name) => !known.some((field) => field.name === name));
  if (unknown.length > 0) {
    const accepted = known.map(({ name }) => name).join(', ');
    const message = `${unknown.join(', ')} is not accepted; choose from ${accepted}`;
    throw new ConfigError([{ path: 'fields', message }]);
  }
  return known.filter(({ name }) => wanted.includes(name));
}
