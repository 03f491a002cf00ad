import Type from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import type { Machine } from '../../core/factory.ts';
import { isText } from '../../encoding/field-texts.ts';
import { type FlatField, flatFields } from '../../encoding/reading.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { command, Id, Instant, MachinePath, responses, Time } from '../schemas.ts';
import { READINGS_MAX, seriesOf } from '../series.ts';
import { parsedWindow, WINDOW_MAX_DAYS, type Window } from '../window.ts';

/** Buckets of one series: the pixels of a wide screen, a third of that if not said. */
const POINTS_MAX = 2000;
const POINTS_DEFAULT = 400;
/** The shift plan is told for windows of so many days: in longer ones nobody sees a shift. */
const SHIFTS_MAX_MS = 31 * 86_400_000;
/** Characters of a list of all the fields that a machine may have. */
const FIELDS_MAX = 1000;

const Values = Type.Array(Type.Unsafe<number | null>({ type: ['number', 'null'] }));

const Shift = Type.Object({
  from: Time,
  to: Time,
  shift: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: 'Its place in the plan; null on weekends, holidays and between shifts.',
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
      `The window has more than ${READINGS_MAX} readings, so each bucket was read in parts, and ` +
      'its extremes are those of the parts.',
  }),
  readings: Type.Integer({ description: 'Readings that were looked at.', examples: [3600] }),
  time: Type.Array(Time, { description: 'Where each bucket ends.' }),
  shifts: Type.Array(Shift, {
    description:
      'The shift plan from `from` on, and beyond `to` for as long as the window is, since charts ' +
      'go on; empty for windows of more than 31 days.',
  }),
  fields: Type.Record(Type.String(), Type.Object({ min: Values, max: Values, mean: Values }), {
    description: 'A value a bucket, null where it has none.',
  }),
});

/** `/simulator/machines/{machine_id}/series`: a window of any length, as a chart needs it. */
export function series(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/series',
    {
      schema: {
        tags: [TAGS.readings],
        summary: 'A window of a machine in so many buckets: least, greatest and mean values',
        description:
          'Buckets of the same width from `from` (later than) to `to` (included), without them ' +
          `of the last hour; at most ${WINDOW_MAX_DAYS} days. Without \`fields\` all with numbers.`,
        params: MachinePath,
        querystring: command({
          from: Type.Optional(Instant),
          to: Type.Optional(Instant),
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
      await simulator.eventLog.settled();
      const window = parsedWindow(query.from, query.to, simulator.eventLog.closedMs());
      const { points = POINTS_DEFAULT } = query;
      const { fleet } = simulator;
      const signal = limiter.acquire(request, reply);
      const found = await seriesOf(fleet, machine, fields, window, points, signal);
      // Ends of buckets may be fractional where readings are not; either way they have one form.
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

/** JSON has no NaN; six digits after the point are what the finest field has. */
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
    const message = `${unknown.join(', ')} is not accepted; names among ${accepted}`;
    throw new ConfigError([{ path: 'fields', message }]);
  }
  return known.filter(({ name }) => wanted.includes(name));
}
