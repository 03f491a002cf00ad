import { Readable } from 'node:stream';
import Type from 'typebox';
import { contentType } from '../content-type.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import { acceptedFormat, encodedReadings, headerOf, READING_TYPES } from '../reading-stream.ts';
import { command, failures, Id, MachinePath, Time, WindowQuery } from '../schemas.ts';
import { pastWindow, WINDOW_MAX_DAYS } from '../window.ts';

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

/** The content of a media type: JSON, or text that may begin with the names of columns. */
function contentSchema(type: string) {
  if (type === 'application/json') return Type.Array(Reading);
  if (type.endsWith('json')) return Reading;
  const header = headerOf(type, ['time', 'machine_id', 'power_kw', '…']);
  return Type.String(header === '' ? {} : { examples: [header] });
}

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
        querystring: command(WindowQuery),
        response: {
          200: {
            description: 'The readings, oldest first',
            content: Object.fromEntries(
              READING_TYPES.map((type) => [type, { schema: contentSchema(type) }]),
            ),
          },
          ...failures(404, 406, 409, 422),
        },
      },
    },
    async (request, reply) => {
      const machine = simulator.machine(request.params.machine_id);
      const type = acceptedFormat(request.headers.accept);
      if (!type) throw new HttpError(406, `accepted are ${READING_TYPES.join(', ')}`);
      const window = await pastWindow(simulator, request.query);
      const signal = limiter.acquire(request, reply);
      const chunks = encodedReadings(simulator.fleet, machine, window, type, signal);
      const stream = Readable.from(chunks, { objectMode: false });
      return reply.type(contentType(type)).send(stream as never);
    },
  );
}
