import { heading, table } from './markdown.ts';
import type { OpenApiDocument, Operation, RouteParameter, Schema } from './open-api.ts';

/** Answers that every route may give, explained once. */
const COMMON = new Set(['400', '401', '403', '413', '415', '422', '429', '503']);

/** The page of all routes. */
export function apiPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const groups = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === name);
    const parts = own.map(({ route, operation }) => routePart(route, operation));
    return `## ${name}\n\n${description}\n\n${parts.join('\n')}`;
  });
  return [
    heading('API', 'the OpenAPI document'),
    INTRODUCTION,
    table(
      ['route', ''],
      operations.map(({ route, operation }) => [`\`${route}\``, operation.summary]),
    ),
    ...groups,
    schemasPart(document.components.schemas ?? {}),
  ].join('\n');
}

const INTRODUCTION = `\
A running simulator serves the same reference with forms to try each route at \`/docs\` (Swagger UI) and \`/redoc\`, and the
OpenAPI 3.1 document at \`/openapi.json\`. All of them work offline. Times are simulated time, in UTC.

Without \`API_KEY\`, only clients on the same computer may change anything, and only without a proxy in between. With a key,
clients send it as \`X-API-Key\` or \`Authorization: Bearer\`. Errors name every wrong field and what it accepts:

| status | when |
|---|---|
| 400, 413, 415 | the body is not JSON, is too large, or has another media type |
| 401, 403 | the key is missing or wrong; without a key, the client is not on the same computer |
| 404, 409 | nothing has this id; a name is not unique, or the state does not allow it |
| 422 | a value is not accepted; \`errors\` lists each with its path |
| 429 | too many requests, or too many answers being computed at once |
| 503 | the simulator starts or stops, or its store does not answer |
`;

function routePart(route: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const [method = '', path = ''] = route.split(' ');
  const body = requestBody?.content['application/json'];
  const answers = Object.entries(responses).filter(([status]) => !COMMON.has(status));
  const parts = [
    `### ${method} \`${path}\`\n`,
    `${sentence(summary)} ${description ?? ''}`.trim(),
    '',
  ];
  if (parameters.length > 0)
    parts.push(table(['parameter', 'in', 'accepted', ''], parameters.map(parameterRow)));
  if (body?.schema?.properties) parts.push(table(['body', 'accepted', ''], fieldRows(body.schema)));
  if (body?.example !== undefined)
    parts.push(`\`\`\`json\n${JSON.stringify(body.example)}\n\`\`\`\n`);
  const statuses = answers.map(([status, { content = {} }]) => {
    if (!status.startsWith('2')) return status;
    const media = Object.entries(content).map(
      ([type, { schema = {} }]) => `\`${type}\`${ofSchema(schema)}`,
    );
    return media.length > 0 ? `${status} (${media.join(', ')})` : status;
  });
  parts.push(`Answers: ${statuses.join(', ')}.\n`);
  return parts.join('\n');
}

function parameterRow({ name, in: place, required, description, schema }: RouteParameter) {
  const about = [required && place !== 'path' ? 'Required.' : '', description ?? ''];
  return [`\`${name}\``, place, accepted(schema), sentences([...about, schema.description ?? ''])];
}

function fieldRows({ properties = {}, required = [] }: Schema): string[][] {
  return Object.entries(properties).map(([name, schema]) => [
    `\`${name}\``,
    accepted(schema),
    sentences([required.includes(name) ? 'Required.' : '', schema.description ?? '']),
  ]);
}

/** The schemas that routes share, each with its fields. */
function schemasPart(schemas: Readonly<Record<string, Schema>>): string {
  const parts = Object.entries(schemas).flatMap(([name, schema]) =>
    schema.properties
      ? `### ${name} object\n\n${schema.description ? `${schema.description}\n\n` : ''}${table(
          ['field', 'value', ''],
          fieldRows({ ...schema, required: [] }),
        )}`
      : [],
  );
  return parts.length === 0 ? '' : `## Objects\n\n${parts.join('\n')}`;
}

/** A link to a shared schema, if it is one or a list of one. */
function ofSchema({ $ref, items }: Schema): string {
  if ($ref !== undefined) return `: ${accepted({ $ref })}`;
  return items?.$ref === undefined ? '' : `: ${accepted({ items })}`;
}

/** What a value may be, in words. */
function accepted(schema: Schema): string {
  const { title, type, minimum, maximum, items, anyOf } = schema;
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return `[${name}](#${name.toLowerCase()}-object)`;
  if (title !== undefined) return title;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (anyOf) return anyOf.map(accepted).join(' or ');
  if (items) return `a list; each ${accepted(items)}`;
  const kind = [type ?? 'any'].flat().join(' or ');
  if (minimum !== undefined && maximum !== undefined)
    return `${kind} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${kind} of at least ${minimum}`;
  return kind;
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function sentences(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
