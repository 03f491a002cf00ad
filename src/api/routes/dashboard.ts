import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { packageFolder } from '../../package-folder.ts';
import { contentTypeOf } from '../content-type.ts';
import type { App } from '../context.ts';
import { HttpError, prefersPage } from '../failures.ts';

/** Where `npm run build` puts the dashboard; missing if only the compiler has run. */
const FOLDER = join(packageFolder, 'dist/web/public');

/** Only the page's own files: no inline script or style, no other host, no embedding. */
const PAGE_POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'self'";

const PAGE = 'index.html';
const files = new Map(
  existsSync(FOLDER)
    ? readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name))])
    : [],
);

/** The simulator's icon; an empty one if only the compiler has run. */
export const ICON: Buffer =
  [...files].find(([name]) => name.startsWith('icon-'))?.[1] ??
  Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');

/**
 * Sends the dashboard to clients that prefer HTML to JSON; returns whether it did.
 */
export function sendDashboard(request: FastifyRequest, reply: FastifyReply): boolean {
  // One URL, two representations: caches must keep them apart (RFC 9110 §12.5.5).
  reply.header('vary', 'Accept');
  const page = files.get(PAGE);
  if (!page || !prefersPage(request.headers.accept)) return false;
  void reply
    .header('content-security-policy', PAGE_POLICY)
    .header('cache-control', 'no-cache')
    .type('text/html; charset=utf-8')
    .send(page);
  return true;
}

/** `/dashboard/*`: the page's scripts and styles, whose names change with their content. */
export function dashboard(app: App): void {
  app.get<{ Params: { file: string } }>(
    '/dashboard/:file',
    { schema: { hide: true } },
    async ({ params }, reply) => {
      const content = files.get(params.file);
      const type = contentTypeOf(params.file);
      if (!content || !type) throw new HttpError(404, `there is no /dashboard/${params.file}`);
      return reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .type(type)
        .send(content);
    },
  );
}
