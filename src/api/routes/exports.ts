import { createReadStream } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
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
import { relativeUrl } from '../relative-url.ts';
import { answer, answered, COMMAND_FAILURES, failures, Id, responses } from '../schemas.ts';
import { parsedWindow } from '../window.ts';

/** Longest span of one export: ten years. */
const DAYS_MAX = 3660;
const ExportPath = Type.Object({ export_id: Id });
const FilePath = Type.Object({
  export_id: Id,
  path: Type.String({ description: 'As in `files`.', examples: ['manifest.json'] }),
});

/** `/simulator/exports`: datasets of the running factory, generated while it runs. */
export function exports(app: App, { simulator, limiter, exports: kept }: Api): void {
  app.post(
    '/simulator/exports',
    {
      schema: {
        tags: [TAGS.readings],
        summary: 'Start to export a window to files, with its answer key',
        description:
          'The files that `generate` writes, for the running factory with all events, of up to ' +
          `${DAYS_MAX} days. Readings later than now assume that no more events happen.`,
        body: ExportBody,
        response: {
          202: answer(Export),
          ...failures(...COMMAND_FAILURES, 409),
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
        hasLabels: labels,
        hasClean: clean,
        resampleS: body.resample_seconds,
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
        summary: 'Running and kept exports, the newest first',
        response: responses(Type.Array(Export)),
      },
    },
    async () => (await kept.list()).map(shownExport),
  );

  app.get(
    '/simulator/exports/:export_id',
    {
      schema: {
        tags: [TAGS.readings],
        summary: 'The progress of an export, and its files',
        params: ExportPath,
        response: responses(ExportWithFiles, 404, 422),
      },
    },
    async ({ params }) => shownWithFiles(await kept.get(params.export_id)),
  );

  app.delete(
    '/simulator/exports/:export_id',
    {
      schema: {
        tags: [TAGS.readings],
        summary: 'Cancel an export if it is running, and remove it with its files',
        params: ExportPath,
        response: responses(answer(Type.Object({ id: Id })), ...COMMAND_FAILURES, 404),
      },
    },
    async ({ params }) => {
      const { id, state } = await kept.remove(params.export_id);
      const message = state === 'running' ? 'the export was cancelled' : 'the export was removed';
      return answered(message, { id });
    },
  );

  downloads(app, limiter, kept);
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
        summary: 'One file of an export',
        description: 'Slashes in the path may be written as / or %2F.',
        params: FilePath,
        response: {
          200: {
            description: 'Its bytes',
            content: {
              'application/octet-stream': { schema: Type.String({ format: 'binary' }) },
            },
          },
          ...failures(404, 409, 422),
        },
      },
    },
    async (request, reply) => {
      const { export_id, path } = request.params;
      return (await sendFile(request, reply as FastifyReply, export_id, path)) as never;
    },
  );
  app.get(
    '/simulator/exports/:export_id/download',
    {
      exposeHeadRoute: false,
      schema: {
        tags: [TAGS.readings],
        summary: 'All files of an export as one tar archive',
        params: ExportPath,
        response: {
          200: {
            description: 'A folder with the dataset',
            content: { 'application/x-tar': { schema: Type.String({ format: 'binary' }) } },
          },
          ...failures(404, 409, 422),
        },
      },
    },
    async (request, reply) => {
      const { id, endedMs } = await kept.get(request.params.export_id);
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
      sendFile(request, reply, request.params.export_id, request.params['*']),
  );
}
