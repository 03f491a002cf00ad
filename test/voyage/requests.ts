/** Requests generated from an OpenAPI document, valid and invalid ones. */
import fc from 'fast-check';

/** The parts of a JSON Schema that requests are generated from. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
  readonly required?: boolean;
  readonly example?: unknown;
}

interface Media {
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Record<string, Media> }>>;
}

/** The parts of an OpenAPI document that requests are generated from. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** A placeholder for one of the texts from responses, if any fits. */
export class KnownText {
  readonly pattern: string;
  readonly nth: number;

  constructor(pattern: string, nth: number) {
    this.pattern = pattern;
    this.nth = nth;
  }
}

/** A request, in which texts from responses are still placeholders. */
export interface Planned {
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly inPath: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Text is sent as it is. */
  readonly body?: unknown;
}

const LENGTH_MAX = 40;
const BAD_TEXTS = ['', '\0', '..', '../../etc/passwd', "'; drop table machines; --", '%', '💥'];
const BAD_BODIES = ['', '{', '[]', 'null', '"text"', '{"__proto__":{}}', '[[[[[[[[1]]]]]]]]'];
const BAD_TYPES = ['text/plain', 'application/xml', 'application/json; charset=latin1', 'x'];
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

/** Requests for every route of a document, most of them valid. */
export function requestsOf(document: Document): fc.Arbitrary<Planned> {
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
  const ofSchema = arbitraries(document);
  const planned = routes.map(({ method, path, operation }) => {
    const asked = operationRequest(operation, ofSchema);
    return asked.map((rest): Planned => ({ method, path, ...rest }));
  });
  const unknown = fc.record({
    method: fc.constantFrom(...METHODS),
    path: fc.constantFrom(...routes.map(({ path }) => path), '/nowhere', '//', '/%E0%A4%A'),
    inPath: fc.constant({}),
    query: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    headers: fc.constant({}),
  });
  return fc.oneof(
    { weight: 20, arbitrary: fc.oneof(...planned) },
    { weight: 1, arbitrary: unknown },
  );
}

type OfSchema = (schema: Schema) => fc.Arbitrary<unknown>;

function operationRequest(
  { parameters = [], requestBody, responses }: Operation,
  ofSchema: OfSchema,
): fc.Arbitrary<Omit<Planned, 'method' | 'path'>> {
  const values = (place: Parameter['in']) => {
    const wanted = parameters.filter((parameter) => parameter.in === place);
    const record = Object.fromEntries(
      wanted.map(({ name, schema, example }) => {
        const examples = example === undefined ? schema.examples : [example];
        return [name, perhapsBad(ofSchema({ ...schema, ...(examples && { examples }) }))];
      }),
    );
    const requiredKeys = wanted.filter((each) => each.required).map(({ name }) => name);
    return fc.record(record, { requiredKeys });
  };
  const formats = Object.values(responses).flatMap(({ content = {} }) => Object.keys(content));
  const accept = fc.constantFrom(...new Set(formats), '*/*', 'text/html', 'nothing');
  const inQuery = values('query');
  const more = fc.dictionary(fc.string(), fc.string(), { maxKeys: 1 });
  const query = fc.oneof(
    { weight: 9, arbitrary: inQuery },
    { weight: 1, arbitrary: fc.tuple(inQuery, more).map(([a, b]) => ({ ...a, ...b })) },
  );
  const headers = fc
    .tuple(values('header'), accept, fc.constantFrom(...BAD_TYPES), fc.nat(19))
    .map(([given, accepted, type, chance]) => ({
      ...given,
      accept: accepted,
      'content-type': chance === 0 ? type : 'application/json',
    }));
  const inPath = values('path');
  const media = requestBody?.content['application/json'];
  if (!media?.schema) return fc.record({ inPath, query, headers });
  const body = fc.oneof(
    { weight: 9, arbitrary: perhapsBad(ofSchema(media.schema)) },
    { weight: 1, arbitrary: fc.constantFrom(...BAD_BODIES) },
  );
  return fc.record({ inPath, query, headers, body });
}

/** Sometimes an invalid value instead. */
function perhapsBad(good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const bad = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...BAD_TEXTS), fc.double());
  return fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad });
}

/** Generates values of a document's schema, some of them with invalid parts. */
function arbitraries({ components }: Document): OfSchema {
  const values: OfSchema = (schema) => {
    const { $ref, anyOf = schema.oneOf, type } = schema;
    if ($ref) return values(components?.schemas?.[$ref.split('/').at(-1) as string] ?? {});
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (anyOf) return fc.oneof(...anyOf.map(values));
    const types = type === undefined ? [] : [type].flat();
    if (types.length === 0) return fc.jsonValue({ maxDepth: 2 });
    return fc.oneof(...types.map((each) => ofType(each, schema, values)));
  };
  return values;
}

function ofType(type: string, schema: Schema, values: OfSchema): fc.Arbitrary<unknown> {
  const { minimum: min = -1e6, maximum: max = 1e6, examples = [] } = schema;
  switch (type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.oneof(fc.integer({ min, max }), fc.integer({ min, max: Math.min(max, min + 20) }));
    case 'number':
      return fc.oneof(fc.double({ min, max, noNaN: true }), fc.constantFrom(min, max));
    case 'boolean':
      return fc.boolean();
    case 'array': {
      const { items = {}, minItems = 0 } = schema;
      return fc.array(perhapsBad(values(items)), { minLength: minItems, maxLength: minItems + 3 });
    }
    case 'object': {
      const { properties = {}, required = [] } = schema;
      const record = Object.fromEntries(
        Object.entries(properties).map(([name, each]) => [name, perhapsBad(values(each))]),
      );
      const good = fc.record(record, { requiredKeys: [...required] });
      const more = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 1 });
      return fc.oneof(
        { weight: 9, arbitrary: good },
        { weight: 1, arbitrary: fc.tuple(good, more).map(([a, b]) => ({ ...a, ...b })) },
        { weight: examples.length > 0 ? 3 : 0, arbitrary: fc.constantFrom(...examples, {}) },
      );
    }
    default:
      return fc.constant(null);
  }
}

function texts({ pattern, examples = [], minLength = 0, maxLength = LENGTH_MAX }: Schema) {
  const known = fc.nat().map((nth) => new KnownText(pattern ?? '', nth));
  const any = pattern
    ? fc.stringMatching(new RegExp(pattern))
    : fc.string({ minLength, maxLength: Math.min(maxLength, Math.max(minLength, LENGTH_MAX)) });
  return fc.oneof(
    { weight: 3, arbitrary: known },
    { weight: 1, arbitrary: any },
    { weight: examples.length > 0 ? 2 : 0, arbitrary: fc.constantFrom(...examples, '') },
  );
}
