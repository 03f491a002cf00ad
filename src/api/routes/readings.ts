import { Readable } from 'node:stream';
import Type from 'typebox';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import { acceptedFormat, encodedReadings, READING_FORMATS } from '../reading-stream.ts';
import { command, failures, Id, Instant, MachinePath, Time } from '../schemas.ts';
import { parsedWindow, WINDOW_MAX_DAYS } from '../window.ts';

const Reading = Type.Object(
  { time: Time, machine_id: Id },
  {
    additionalProperties: { type: ['number', 'string', 'null'] },
    description: 'Followed by the fields of the machine type, see `/simulator/info`.',
    examples: [
      {
        time: '2026-10-09T12:00:00Z',
        machine_id: 'c0000000-0000-0000-0000-000000000001',
        power_kw: 52.812,
        energy_kwh: 0.01467,
      },
    ],
  },
);

/** `/simulator/machines/{machine_id}/readings`: readings of any time, computed on request. */
export function readings(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/readings',
    {
      exposeHeadRoute: false,
      schema: {
        tags: [TAGS.readings],
        summary: 'The readings of a machine in a window',
        description:
          'Readings after `from` up to and including `to`; default: the last ' +
          `hour; at most ${WINDOW_MAX_DAYS} days. A JSON array, JSON lines or CSV, see \`Accept\`.`,
        params: MachinePath,
        querystring: command({ from: Type.Optional(Instant), to: Type.Optional(Instant) }),
        response: {
          200: {
            description: 'The readings, oldest first',
            content: {
              'application/json': { schema: Type.Array(Reading) },
              'application/x-ndjson': { schema: Reading },
              'text/csv': { schema: Type.String({ examples: ['time,machine_id,power_kw,…'] }) },
            },
          },
          ...failures(404, 406, 409, 422),
        },
      },
    },
    async (request, reply) => {
      const machine = simulator.machine(request.params.machine_id);
      const format = acceptedFormat(request.headers.accept);
      if (!format) throw new HttpError(406, `accepted are ${READING_FORMATS.join(', ')}`);
      // An event that is being appended holds the horizon back for a moment.
      await simulator.eventLog.settled();
      const { from, to } = request.query;
      const window = parsedWindow(from, to, simulator.eventLog.closedMs());
      const signal = limiter.acquire(request, reply);
      const chunks = encodedReadings(simulator.fleet, machine, window, format, signal);
      const stream = Readable.from(chunks, { objectMode: false });
      return reply
        .type(format === 'text/csv' ? `${format}; charset=utf-8` : format)
        .send(stream as never);
    },
  );
}
