import { Readable } from 'node:stream';
import Type from 'typebox';
import { contentType } from '../content-type.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import { LayerQuery } from '../layer.ts';
import { NAME_KEY } from '../openapi.ts';
import { acceptedFormat, encodedReadings, headerOf, READING_TYPES } from '../reading-stream.ts';
import { AMBIGUOUS, failures, invalid, NO_MACHINE } from '../responses.ts';
import { command, MachineId, MachinePath, time, windowQuery } from '../schemas.ts';
import { pastWindow, WINDOW_MAX_DAYS } from '../window.ts';

const Reading = Type.Object(
  { time: time('When the machine was read.'), machine_id: MachineId },
  {
    [NAME_KEY]: 'Reading',
    additionalProperties: { type: ['number', 'string', 'null'] },
    description:
      'A reading: `time` and `machine_id`, then the fields of the machine type, see ' +
      '`/simulator/info`.',
    examples: [
      {
        time: '2026-01-05T06:00:00Z',
        machine_id: 'c0000000-0000-0000-0000-000000000001',
        power_kw: 52.812,
        energy_kwh: 0.01467,
      },
    ],
  },
);

/** The content of a media type: JSON, or lines of text that may begin with names of columns. */
function contentSchema(type: string) {
  if (type === 'application/json') return Type.Array(Reading);
  const header = headerOf(type, ['time', 'machine_id', 'power_kw', '…']);
  if (header === '') return Type.String({ description: 'One reading per line.' });
  return Type.String({ description: 'One reading per line, after the names.', examples: [header] });
}

const notAcceptable = `readings are available as ${READING_TYPES.join(', ')}; accept one of these`;

/** `/simulator/machines/{machine_id}/readings`: readings of any time, computed on request. */
export function readings(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/readings',
    {
      exposeHeadRoute: false,
      schema: {
        tags: [TAGS.readings],
        operationId: 'getReadings',
        summary: 'The readings of a machine in a window',
        description:
          'Computed on request, for any time up to now. The window is at most ' +
          `${WINDOW_MAX_DAYS} days long. The header \`Accept\` chooses the format; without it, a ` +
          'JSON array.',
        params: MachinePath,
        querystring: command({ ...windowQuery('an hour before `to`'), as: LayerQuery }),
        response: {
          200: {
            description: 'The readings, oldest first.',
            content: Object.fromEntries(
              READING_TYPES.map((type) => [type, { schema: contentSchema(type) }]),
            ),
          },
          ...failures(
            NO_MACHINE,
            {
              status: 406,
              description: 'The readings are not available in an accepted format.',
              message: notAcceptable,
            },
            AMBIGUOUS,
            invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
          ),
        },
      },
    },
    async (request, reply) => {
      const machine = simulator.machine(request.params.machine_id);
      // One URL, several representations: caches must keep them apart (RFC 9110 §12.5.5).
      reply.header('vary', 'Accept');
      const type = acceptedFormat(request.headers.accept);
      if (!type) throw new HttpError(406, notAcceptable);
      const window = await pastWindow(simulator, request.query);
      const signal = limiter.acquire(request, reply);
      const { as } = request.query;
      const chunks = encodedReadings(simulator.fleet, machine, window, type, signal, as);
      const stream = Readable.from(chunks, { objectMode: false });
      return reply.type(contentType(type)).send(stream as never);
    },
  );
}
