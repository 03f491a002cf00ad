import Type, { type TSchema } from 'typebox';
import { RESPONSE_KEY } from './openapi.ts';
import { list, named } from './schemas.ts';

/** The body of every error response. */
const Failure = named('Error', 'Why a request failed.', {
  success: Type.Literal(false, { description: 'Always false.' }),
  message: Type.String({ description: 'What is wrong and what to do, as a sentence.' }),
  errors: Type.Optional(
    list(
      'The invalid fields.',
      Type.Object({
        path: Type.String({ description: 'Name of the field, with dots for nested ones.' }),
        message: Type.String({ description: 'What was found and what is accepted.' }),
      }),
    ),
  ),
});

/** An error response of a route, with an example. */
export interface Fault {
  readonly status: number;
  readonly description: string;
  readonly message: string;
  /** The name of an invalid field, and what is wrong with it. */
  readonly error?: readonly [path: string, message: string];
}

/** Errors that look the same on every route. */
const COMMON = {
  400: ['The request is malformed.', 'the body is not JSON: Unexpected end of JSON input'],
  401: [
    'The API key is missing or wrong.',
    'a key is needed: send it as X-API-Key or Authorization: Bearer',
  ],
  403: [
    'The client may not do this from its address or page.',
    'set API_KEY behind a proxy: without one, no request with x-forwarded-for may change anything',
  ],
  413: ['The body is too large.', 'the body is too large; the limit is 1 MB'],
  415: ['The body is not JSON.', 'the body must be JSON: Content-Type: application/json'],
  429: [
    'The client sends too many requests.',
    'more than 6000 requests in a minute; try again in 12 seconds',
  ],
  503: ['A part that the command needs is unavailable.', 'the database is unavailable'],
} as const;

type CommonStatus = keyof typeof COMMON;

/** Response schemas of a route: success, and the possible errors. */
export function responses<T extends TSchema>(
  description: string,
  good: T,
  ...faults: readonly (CommonStatus | Fault)[]
) {
  return { 200: described(description, good), ...failures(...faults) };
}

/** The schema of a response, with its description and headers. */
export function described<T extends TSchema>(description: string, good: T, headers?: object): T {
  return { ...good, [RESPONSE_KEY]: { description, ...(headers && { headers }) } };
}

/** Schemas of error responses; every route has those of the access rules and the rate limit. */
export function failures(...faults: readonly (CommonStatus | Fault)[]): Record<number, TSchema> {
  return Object.fromEntries(
    [...faults, 403 as const, 429 as const].map((fault) => {
      const { status, description, message, error } =
        typeof fault === 'number' ? commonFault(fault) : fault;
      const errors = error && [{ path: error[0], message: error[1] }];
      const example = { success: false, message, ...(errors && { errors }) };
      const content = { 'application/json': { schema: Failure, example } };
      return [status, { description, content } as TSchema];
    }),
  );
}

function commonFault(status: CommonStatus): Fault {
  const [description, message] = COMMON[status];
  return { status, description, message };
}

/** A request for something that does not exist. */
export function unknown(description: string, message: string): Fault {
  return { status: 404, description, message };
}

/** A request that does not fit the current state. */
export function conflict(description: string, message: string): Fault {
  return { status: 409, description, message };
}

/** A well-formed request with an invalid field. */
export function invalid(
  path: string,
  reason: string,
  message = 'the request is not accepted; nothing was changed',
): Fault {
  const description = 'At least one field is invalid; all invalid ones are listed.';
  return { status: 422, description, message, error: [path, reason] };
}

/** An id in examples of errors: of nothing. */
export const NOBODY = 'd0000000-0000-0000-0000-00000000000d';

/** No machine has the id of the request. */
export const NO_MACHINE: Fault = unknown(
  'No machine has this id.',
  `no machine has the id ${NOBODY}`,
);

/** No factory has the id of the request. */
export const NO_FACTORY: Fault = unknown(
  'No factory has this id.',
  `no factory has the id ${NOBODY}`,
);

/** Several machines have the name of the request. */
export const AMBIGUOUS: Fault = conflict(
  'Several machines have this name.',
  '2 machines are called "Pump"; give one of the ids ' +
    'c0000000-0000-0000-0000-000000000004, c0000000-0000-0000-0000-000000000006',
);

const UNKNOWN_TEXT = 'no machine has the name "Compressor-9"; give a name or an id';

/** No machine has the name of the request. */
export const UNKNOWN_NAME: Fault = invalid('machine_id', UNKNOWN_TEXT, UNKNOWN_TEXT);

/** Several factories have the name of the request. */
export const AMBIGUOUS_FACTORY: Fault = conflict(
  'Several factories have this name.',
  '2 factories are called "Works"; give one of the ids ' +
    '11111111-1111-1111-1111-111111111111, 22222222-2222-2222-2222-222222222222',
);

const UNKNOWN_FACTORY_TEXT = 'no factory has the name "Works Bern"; give a name or an id';

/** No factory has the name of the request. */
export const UNKNOWN_FACTORY: Fault = invalid(
  'factory_id',
  UNKNOWN_FACTORY_TEXT,
  UNKNOWN_FACTORY_TEXT,
);

/** Errors that every command may return. */
export const COMMAND_FAILURES = [400, 401, 413, 415, 503] as const;
