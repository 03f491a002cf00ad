import type { FastifySchema, RouteOptions } from 'fastify';
import { TAGS } from './context.ts';

const TAG_DESCRIPTIONS: Readonly<Record<(typeof TAGS)[keyof typeof TAGS], string>> = {
  Service: 'What runs here, and its health.',
  Simulation: 'Start, stop and watch the factory.',
  Machines: 'The machines and their state.',
  Anomalies: 'Inject, clear and list anomalies.',
  'Stories and defects': 'Begin and end stories; give, mend and list defects of instruments.',
  Readings: 'Readings of any time, computed on request, and live readings.',
  Settings: 'Settings that can change while the factory runs.',
  Factories: 'The sites of the machines.',
};

/** A JSON Schema, and the keys that tell how to show it. */
type Shown = Readonly<Record<string, unknown>>;

/** The key of a schema that is listed once, under a name, and referred to from elsewhere. */
export const NAME_KEY = 'x-name';
/** The key of a response schema with the description and headers of the response. */
export const RESPONSE_KEY = 'x-response';

/**
 * The OpenAPI 3.1 document of some routes. Its schemas are JSON Schemas (2020-12), as the routes
 * have them, so they are only put in their places.
 */
export function openApiOf(routes: readonly RouteOptions[], version: string) {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { url, method, schema = {} } of routes) {
    const path = url.replace(/:(\w+)/g, '{$1}');
    const operation = operationOf(String(method), schema);
    paths[path] = { ...paths[path], [String(method).toLowerCase()]: named(operation, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Factory simulator',
      summary: 'A factory with energy, production, environmental and status data.',
      description:
        'Machines that behave like real ones. All times are simulated time, unless a field says ' +
        'otherwise. Write requests need the API key if one is set; otherwise only the computer ' +
        'that the simulator runs on may change anything.',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      contact: { name: 'The maintainers of enms-simulator' },
    },
    // Relative to the document, so that it holds below any prefix of a proxy.
    servers: [{ url: '.', description: 'The simulator that serves this document.' }],
    tags: Object.values(TAGS).map((name) => ({ name, description: TAG_DESCRIPTIONS[name] })),
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'The value of API_KEY.',
        },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The value of API_KEY as a bearer token.',
        },
      },
      schemas,
    },
  };
}

function operationOf(method: string, schema: FastifySchema) {
  const { operationId, tags, summary, description, params, querystring, body, response } = schema;
  return {
    operationId,
    tags,
    summary,
    ...(description && { description }),
    parameters: [
      ...parametersOf('path', params as Shown | undefined),
      ...parametersOf('query', querystring as Shown | undefined),
    ],
    ...(body ? { requestBody: requestBodyOf(body as Shown) } : {}),
    responses: Object.fromEntries(
      Object.entries(response as Record<string, Shown>).map(([status, each]) => [
        status,
        responseOf(each),
      ]),
    ),
    // Without a key, some clients may change something as well.
    security: method === 'GET' ? [] : [{}, { key: [] }, { bearer: [] }],
  };
}

function parametersOf(place: 'path' | 'query', { properties = {}, required = [] }: Shown = {}) {
  return Object.entries(properties as Record<string, Shown>).map(
    ([name, { description, examples, ...schema }]) => ({
      name,
      in: place,
      description,
      required: (required as string[]).includes(name),
      schema,
      ...exampleOf(examples),
    }),
  );
}

function requestBodyOf({ description, examples, ...schema }: Shown) {
  const { required = [], minProperties = 0 } = schema as { required?: []; minProperties?: number };
  return {
    description,
    required: required.length > 0 || minProperties > 0,
    content: { 'application/json': { schema, ...exampleOf(examples) } },
  };
}

function responseOf(given: Shown) {
  if ('content' in given) return given;
  const { [RESPONSE_KEY]: about, ...schema } = given;
  return { ...(about as object), content: { 'application/json': { schema } } };
}

function exampleOf(examples: unknown) {
  return Array.isArray(examples) ? { example: examples[0] } : {};
}

/** Replaces the schemas that have a name by references, and lists them in `schemas`. */
function named(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => named(each, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const { [NAME_KEY]: name, ...content } = value as Shown;
  const copy = Object.fromEntries(
    Object.entries(content).map(([key, each]) => [key, named(each, schemas)]),
  );
  if (name === undefined) return copy;
  schemas[String(name)] = copy;
  return { $ref: `#/components/schemas/${name}` };
}
