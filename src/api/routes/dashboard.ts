import type { FastifyReply, FastifyRequest } from 'fastify';
import { contentTypeOf } from '../content-type.ts';
import type { App } from '../context.ts';
import { HttpError, prefersPage } from '../failures.ts';
import { sendPage, staticFile } from '../static-files.ts';

/** Only the page's own files: no inline style, no other host, no embedding. */
const PAGE_POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'self'";

/**
 * Sends the dashboard to clients that prefer HTML to JSON; returns whether it did.
 */
export function sendDashboard(request: FastifyRequest, reply: FastifyReply): boolean {
  // One URL, two representations: caches must keep them apart (RFC 9110 §12.5.5).
  reply.header('vary', 'Accept');
  return prefersPage(request.headers.accept) && sendPage(reply, 'index.html', PAGE_POLICY);
}

/** `/dashboard/*`: scripts and styles of all pages, whose names change with their content. */
export function dashboard(app: App): void {
  app.get<{ Params: { file: string } }>(
    '/dashboard/:file',
    { schema: { hide: true } },
    async ({ params }, reply) => {
      const content = staticFile(params.file);
      const type = contentTypeOf(params.file);
      if (!content || !type) throw new HttpError(404, `there is no /dashboard/${params.file}`);
      return reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .type(type)
        .send(content);
    },
  );
}
