import swagger from '@fastify/swagger';
import type { App, TAGS } from './context.ts';
import { HttpError } from './failures.ts';
import { relativeUrl } from './relative-url.ts';
import { sendPage } from './static-files.ts';

const TAG_DESCRIPTIONS: Readonly<Record<(typeof TAGS)[keyof typeof TAGS], string>> = {
  Service: 'What runs here, and its health.',
  Simulation: 'Start, stop and watch the factory.',
  Machines: 'The machines and their state.',
  Anomalies: 'Inject, clear and list anomalies.',
  Readings: 'Readings of any time, computed on request, and live readings.',
  Settings: 'Settings that can change while the factory runs.',
  Factories: 'The sites of the machines.',
};

/**
 * The documentation pages have inline styles and start workers. They load nothing from other
 * hosts, so they work without internet access.
 */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; " +
  "form-action 'self'; frame-ancestors 'self'";

/** Collects the schemas of all routes that are registered after this call. */
export async function describeRoutes(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    transformObject: (document) => completed(document as { openapiObject: OpenApi }),
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Factory simulator',
        description:
          'Machines that behave like real ones, and their energy, production, environmental and ' +
          'status data. All times are simulated time. Requests that change anything need the API ' +
          'key if one is set; without one, only the computer it runs on may make them.',
        version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: Object.entries(TAG_DESCRIPTIONS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
  });
}

/** The parts of the document that are completed. */
interface OpenApi {
  servers?: object[];
  readonly paths?: Record<string, Record<string, Operation>>;
}

interface Operation {
  requestBody?: { required?: boolean; content: Record<string, { schema?: BodySchema }> };
  security?: Record<string, string[]>[];
}

interface BodySchema {
  readonly required?: readonly string[];
  readonly minProperties?: number;
}

/** Marks bodies as required only if one of their fields is, and adds the keys to all changes. */
function completed({ openapiObject }: { openapiObject: OpenApi }) {
  // Relative to the document, so that it holds below any prefix of a proxy.
  openapiObject.servers = [{ url: '.', description: 'The simulator that serves this document.' }];
  for (const operations of Object.values(openapiObject.paths ?? {}))
    for (const [method, operation] of Object.entries(operations)) {
      if (method !== 'get') operation.security = [{}, { key: [] }, { bearer: [] }];
      const { required = [], minProperties = 0 } =
        operation.requestBody?.content['application/json']?.schema ?? {};
      if (operation.requestBody)
        operation.requestBody.required = required.length > 0 || minProperties > 0;
    }
  return openapiObject;
}

/** Serves the documentation of the routes: `/docs`, `/redoc` and `/openapi.json`. */
export function serveDocumentation(app: App): void {
  const hidden = { schema: { hide: true } };
  app.get('/openapi.json', hidden, () => app.swagger());
  for (const name of ['docs', 'redoc'])
    app.get(`/${name}`, hidden, ({ url }, reply) => {
      // The addresses in the page are relative, so it has one address only.
      if (/\/(\?|$)/.test(url)) return reply.redirect(relativeUrl(url, `/${name}`), 308);
      if (!sendPage(reply, `${name}.html`, PAGE_POLICY))
        throw new HttpError(404, 'this page is not built: run npm run build');
      return reply;
    });
}
