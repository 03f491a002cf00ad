import type { RouteOptions } from 'fastify';
import { version } from '../runtime/version.ts';
import type { App } from './context.ts';
import { HttpError } from './failures.ts';
import { openApiOf } from './openapi.ts';
import { relativeUrl } from './relative-url.ts';
import { sendPage } from './static-files.ts';

/**
 * The documentation pages have inline styles and start workers. They load nothing from other
 * hosts, so they work without internet access.
 */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; " +
  "form-action 'self'; frame-ancestors 'self'";

/** Serves `/docs`, `/redoc` and `/openapi.json`, for the routes registered after this call. */
export function serveDocumentation(app: App): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    if (!route.schema?.hide && route.method !== 'HEAD') routes.push(route);
  });
  const hidden = { schema: { hide: true } };
  let document: Buffer | undefined;
  app.get('/openapi.json', hidden, (_request, reply) => {
    // Most starts never need it.
    document ??= Buffer.from(JSON.stringify(openApiOf(routes, version)));
    return reply.type('application/json').send(document);
  });
  for (const name of ['docs', 'redoc'])
    app.get(`/${name}`, hidden, ({ url }, reply) => {
      // The addresses in the page are relative, so it has one address only.
      if (/\/(\?|$)/.test(url)) return reply.redirect(relativeUrl(url, `/${name}`), 308);
      if (!sendPage(reply, `${name}.html`, PAGE_POLICY))
        throw new HttpError(404, 'this page is not built: run npm run build');
      return reply;
    });
}
