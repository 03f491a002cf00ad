import { createReadStream } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { IS_ID } from '../../core/machine-finder.ts';
import { exportRequest } from '../../service/export-request.ts';
import type { Exports } from '../../service/exports.ts';
import { tarOf } from '../archive.ts';
import type { ConcurrencyLimiter } from '../concurrency-limiter.ts';
import { contentTypeOf } from '../content-type.ts';
import { type Api, type App, TAGS } from '../context.ts';
import {
  Export,
  ExportBody,
  ExportWithFiles,
  shownExport,
  shownWithFiles,
} from '../export-schemas.ts';
import { HttpError } from '../failures.ts';
import { relativeUrl } from '../relative-url.ts';
import {
  COMMAND_FAILURES,
  conflict,
  described,
  failures,
  invalid,
  NOBODY,
  responses,
  unknown,
} from '../responses.ts';
import { answer, answered } from '../schemas.ts';
import { parsedSpan, parsedWindow } from '../window.ts';

/** Longest span of one export: ten years. */
const DAYS_MAX = 3660;

/** The word for the newest export, which needs no id. */
const LATEST = 'latest';
const ExportPath = Type.Object({
  export_id: Type.String({
    pattern: `^${LATEST}$|${IS_ID.source}`,
    title: `an id of 8-4-4-4-12 hexadecimal digits, or ${LATEST}`,
    description: `Id of an export, or \`${LATEST}\` for the newest one.`,
    examples: [LATEST],
  }),
});
const FilePath = Type.Object({
  ...ExportPath.properties,
  path: Type.String({
    description: 'Path of a file, as `files` of the export lists it.',
    examples: ['manifest.json'],
  }),
});

const NO_EXPORT = unknown('No export has this id.', `no export has the id ${NOBODY}`);
const NOT_DONE = conflict('The export is not done.', 'the export is not done');
const NO_ID = invalid(
  'export_id',
  `"newest" is not accepted; an id of 8-4-4-4-12 hexadecimal digits, or ${LATEST}`,
);

/** An instant, to the second [ms]. */
function secondOf(instant: string): number {
  return 1000 * Math.floor(parsedSpan(instant, undefined).fromMs / 1000);
}

/** `/simulator/exports`: datasets of the running factory, generated while it runs. */
export function exports(app: App, { simulator, limiter, exports: kept }: Api): void {
  app.post(
    '/simulator/exports',
    {
      schema: {
        tags: [TAGS.readings],
        operationId: 'createExport',
        summary: 'Export a window to files, with the anomalies and their costs',
        description:
          'The files that `generate` writes, for the running factory with all events, of up to ' +
          `${DAYS_MAX} days. Readings later than now assume that no more events happen.`,
        body: ExportBody,
        response: {
          202: described('The export has started.', answer('the export has started', Export), {
            Location: {
              description: 'URL of the export, relative to this one.',
              schema: { type: 'string', examples: ['../simulator/exports/6f9619ff'] },
            },
          }),
          ...failures(
            ...COMMAND_FAILURES,
            conflict(
              'Too many exports are kept, or they are too large.',
              '20 exports are kept; remove one first',
            ),
            invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
          ),
        },
      },
    },
    async ({ url, body }, reply) => {
      const { from, to, machines, format, compress, partition, labels, clean } = body;
      const window = parsedWindow(from, to, Number.POSITIVE_INFINITY, 0, DAYS_MAX);
      const request = await exportRequest(simulator, {
        ...window,
        machines,
        format,
        compression: compress,
        partition,
        isWide: body.wide,
        hasLabels: labels,
        hasClean: clean,
        resampleS: body.resample_seconds,
        scenarios: body.scenarios,
        scenarioStartMs:
          body.scenario_start === undefined ? undefined : secondOf(body.scenario_start),
        hasTrue: body.true,
        without: body.without,
        command: `POST /simulator/exports ${JSON.stringify(body)}`,
      });
      const data = shownExport(await kept.create(request));
      const location = relativeUrl(url, `/simulator/exports/${data.id}`);
      void reply.code(202).header('location', location);
      return answered('the export has started', data);
    },
  );

  app.get(
    '/simulator/exports',
    {
      schema: {
        tags: [TAGS.readings],
        operationId: 'listExports',
        summary: 'The exports that run or are kept',
        description: 'The newest first. An export is removed a day after its end.',
        response: responses('The exports.', Type.Array(Export), 503),
      },
    },
    async () => (await kept.list()).map(shownExport),
  );

  app.get(
    '/simulator/exports/:export_id',
    {
      schema: {
        tags: [TAGS.readings],
        operationId: 'getExport',
        summary: 'The progress of an export, and its files',
        description: 'The files are listed once the export is done.',
        params: ExportPath,
        response: responses('The export.', ExportWithFiles, NO_EXPORT, NO_ID, 503),
      },
    },
    async ({ params }) => shownWithFiles(await kept.get(await idOf(kept, params))),
  );

  app.delete(
    '/simulator/exports/:export_id',
    {
      schema: {
        tags: [TAGS.readings],
        operationId: 'deleteExport',
        summary: 'Cancel or remove an export',
        description: 'It is cancelled if it is running, and removed with its files.',
        params: ExportPath,
        response: responses(
          'The export was removed.',
          answer(
            'the export was removed',
            Type.Object({ id: Export.properties.id }, { description: 'What was removed.' }),
          ),
          ...COMMAND_FAILURES,
          NO_EXPORT,
          NO_ID,
        ),
      },
    },
    async ({ params }) => {
      const { id, state } = await kept.remove(await idOf(kept, params));
      const message = state === 'running' ? 'the export was cancelled' : 'the export was removed';
      return answered(message, { id });
    },
  );

  downloads(app, limiter, kept);
}

/** The id of the export that a path names. @throws HttpError if it means the newest of none. */
async function idOf(kept: Exports, { export_id }: { readonly export_id: string }): Promise<string> {
  if (export_id !== LATEST) return export_id;
  const [newest] = await kept.list();
  if (!newest) throw new HttpError(404, 'there is no export yet');
  return newest.id;
}

function downloads(app: App, limiter: ConcurrencyLimiter, kept: Exports): void {
  const sendFile = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    wanted: string,
  ) => {
    const { path, bytes } = await kept.file(id, wanted);
    const name = wanted.slice(wanted.lastIndexOf('/') + 1);
    const signal = limiter.acquire(request, reply);
    return reply
      .headers({
        'content-type': contentTypeOf(name) ?? 'application/octet-stream',
        'content-length': bytes,
        'content-disposition': `attachment; filename="${name}"`,
      })
      .send(createReadStream(path, { signal }));
  };
  app.get(
    '/simulator/exports/:export_id/files/:path',
    {
      exposeHeadRoute: false,
      schema: {
        tags: [TAGS.readings],
        operationId: 'downloadExportFile',
        summary: 'One file of an export',
        description: 'Slashes in the path may be written as / or %2F.',
        params: FilePath,
        response: {
          200: {
            description: 'The content of the file.',
            content: {
              'application/octet-stream': { schema: Type.String({ format: 'binary' }) },
            },
          },
          ...failures(NO_EXPORT, NOT_DONE, NO_ID, 503),
        },
      },
    },
    async (request, reply) => {
      const { path } = request.params;
      const id = await idOf(kept, request.params);
      return (await sendFile(request, reply as FastifyReply, id, path)) as never;
    },
  );
  app.get(
    '/simulator/exports/:export_id/download',
    {
      exposeHeadRoute: false,
      schema: {
        tags: [TAGS.readings],
        operationId: 'downloadExport',
        summary: 'All files of an export as one tar archive',
        description: 'The archive has one folder with the dataset.',
        params: ExportPath,
        response: {
          200: {
            description: 'The archive.',
            content: { 'application/x-tar': { schema: Type.String({ format: 'binary' }) } },
          },
          ...failures(NO_EXPORT, NOT_DONE, NO_ID, 503),
        },
      },
    },
    async (request, reply) => {
      const { id, endedMs } = await kept.get(await idOf(kept, request.params));
      const folder = `dataset-${id.slice(0, 8)}`;
      const listed = await kept.files(id);
      const files = listed.map((file) => ({ ...file, name: `${folder}/${file.name}` }));
      const signal = limiter.acquire(request, reply);
      return reply
        .type('application/x-tar')
        .header('content-disposition', `attachment; filename="${folder}.tar"`)
        .send(tarOf(files, new Date(endedMs ?? 0), signal) as never);
    },
  );
  // The same for paths with plain slashes, which a route parameter cannot contain.
  app.get<{ Params: { export_id: string; '*': string } }>(
    '/simulator/exports/:export_id/files/*',
    { exposeHeadRoute: false, schema: { hide: true, params: ExportPath } },
    async (request, reply) =>
      sendFile(request, reply, await idOf(kept, request.params), request.params['*']),
  );
}
