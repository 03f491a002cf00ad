import { readFile } from 'node:fs/promises';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply } from 'fastify';
import { builtFile } from '../package-folder.ts';
import type { App, TAGS } from './context.ts';
import { ICON } from './routes/dashboard.ts';

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
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; " +
  "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

const REDOC_PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulator API</title>
<link rel="icon" href="/docs/static/theme/icon.svg" type="image/svg+xml">
<style>body { margin: 0 }</style>
</head>
<body>
<redoc spec-url="/openapi.json"></redoc>
<script src="/redoc/redoc.standalone.js"></script>
</body>
</html>
`;

const ICON_TYPE = 'image/svg+xml';

/** The only thing that ReDoc would load from another host: its logo. */
const REDOC_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const EMPTY_IMAGE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

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
export async function serveDocumentation(app: App): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
    logo: { type: ICON_TYPE, content: ICON, href: '/docs', target: '_self' },
    theme: {
      title: 'Simulator API',
      favicon: [
        { filename: 'icon.svg', rel: 'icon', sizes: 'any', type: ICON_TYPE, content: ICON },
      ],
    },
  });
  const hidden = { schema: { hide: true } };
  app.get('/openapi.json', hidden, () => app.swagger());
  app.get('/redoc', hidden, (_request, reply) => page(reply).type('text/html').send(REDOC_PAGE));
  let script: Promise<string> | undefined;
  app.get('/redoc/redoc.standalone.js', hidden, async (_request, reply) => {
    script ??= redocScript();
    return page(reply)
      .header('cache-control', 'max-age=3600')
      .type('text/javascript')
      .send(await script);
  });
}

function page(reply: FastifyReply): FastifyReply {
  return reply.header('content-security-policy', PAGE_POLICY);
}

/** Reads the script, a megabyte, when it is first requested. */
async function redocScript(): Promise<string> {
  const script = await readFile(builtFile('files/redoc.standalone.js'), 'utf8');
  return script.replaceAll(REDOC_LOGO, EMPTY_IMAGE);
}
