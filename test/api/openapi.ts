/** The parts of an OpenAPI document that tests look at. */
import type { TSchema } from 'typebox';

export interface Media {
  readonly schema: TSchema;
  readonly example?: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description?: string;
  readonly required: boolean;
  readonly schema: TSchema;
  readonly example?: unknown;
}

export interface Response {
  readonly description?: string;
  readonly headers?: Record<string, { description?: string; schema: TSchema }>;
  readonly content: Record<string, Media>;
}

export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly operationId: string;
  readonly tags: string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters: Parameter[];
  readonly requestBody?: {
    readonly description?: string;
    readonly required: boolean;
    readonly content: Record<string, Media>;
  };
  readonly security: object[];
  readonly responses: Record<string, Response>;
}

export interface Document {
  readonly openapi: string;
  readonly servers: { readonly url: string; readonly description: string }[];
  readonly tags: { readonly name: string; readonly description?: string }[];
  readonly paths: Record<string, Record<string, Omit<Operation, 'path' | 'method'>>>;
  readonly components: { readonly schemas: Record<string, TSchema> };
}

/** The operations of a document, with every reference replaced by what it refers to. */
export function operationsOf(document: Document): Operation[] {
  const { paths } = inlined(document, document) as Document;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
}

function inlined(value: unknown, document: Document): unknown {
  if (Array.isArray(value)) return value.map((each) => inlined(each, document));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: string };
  const target = $ref ? document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)] : value;
  return Object.fromEntries(
    Object.entries(target as object).map(([key, each]) => [key, inlined(each, document)]),
  );
}

/** The documented status of success. */
export function successOf({ responses }: Operation): [status: number, response: Response] {
  const [found] = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return [Number(found?.[0]), found?.[1] as Response];
}
