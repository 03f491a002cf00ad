import { readFile } from 'node:fs/promises';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply } from 'fastify';
import type { App, TAGS } from './context.ts';
import { ICON } from './routes/dashboard.ts';

const TAG_DESCRIPTIONS: Readonly<Record<(typeof TAGS)[keyof typeof TAGS], string>> = {
  Service: 'What runs here, and how it is.',
  Simulation: 'Start, stop and follow the factory.',
  Machines: 'The machines and what they do.',
  Anomalies: 'What is wrong with a machine: begin and end it.',
  Readings: 'Readings of any time, computed when asked for, and those of now.',
  Settings: 'What may change while the factory runs.',
  Factories: 'The sites that the machines stand on.',
};

/**
 * Pages of documentation bring styles of their own and start workers; nothing comes from another
 * host, so they work without the internet.
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

/** The one thing that ReDoc would fetch from elsewhere: its logo. */
const REDOC_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const EMPTY_IMAGE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

/** Collects the schemas of all routes that come after it. */
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
          'key if one is set; without one only the computer that it runs on may make them.',
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

/** What of the document is looked at to complete it. */
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

/** A body is needed only where something in it is; and who changes anything may need the key. */
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

/** A megabyte that few ask for, so it is read when somebody does. */
async function redocScript(): Promise<string> {
  const url = new URL(import.meta.resolve('redoc/bundles/redoc.standalone.js'));
  return (await readFile(url, 'utf8')).replaceAll(REDOC_LOGO, EMPTY_IMAGE);
}
