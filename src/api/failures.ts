import { METHODS } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ConfigError, clipped, type Diagnostic, FAULTS_MAX } from '../core/errors.ts';
import { CommandError, type Refusal } from '../service/command-error.ts';
import { RegistryConflict } from '../store/registry/change.ts';
import { StoreError } from '../store/store-error.ts';

const STATUS_OF: Readonly<Record<Refusal, number>> = {
  unknown: 404,
  conflict: 409,
  invalid: 422,
  busy: 429,
  unavailable: 503,
};

/** An error that nobody meant: ours to mend. */
const UNEXPECTED = 500;

/** Something in a request is well-formed, but not what is accepted. */
const INVALID = 'the request is not accepted; nothing was changed';

/** What fastify says in its own words, in ours. */
const FASTIFY_MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is too large; accepted is 1 MB',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be JSON: Content-Type: application/json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length says',
  FST_ERR_BAD_URL: 'the address is malformed',
};

/** An answer other than the good one, thrown by a route. */
export class HttpError extends Error {
  readonly statusCode: number;
  readonly faults: readonly Diagnostic[];

  constructor(statusCode: number, message: string, faults: readonly Diagnostic[] = []) {
    super(message);
    this.name = 'HttpError';
    this.statusCode = statusCode;
    this.faults = faults;
  }
}

/** The body of every failure. */
function failure(message: string, faults: readonly Diagnostic[] = []) {
  const told = faults.slice(0, FAULTS_MAX);
  const errors = told.map(({ path, message }) => ({ path, message }));
  return errors.length > 0
    ? ({ success: false, message, errors } as const)
    : ({ success: false, message } as const);
}

/** Answers every error in the one form, and never with more than whoever asked should know. */
export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { status, message, faults } = described(error);
  // What a connection that has gone made fail is no fault of ours, and whoever has gone can do it
  // a thousand times a second.
  const level = request.socket.destroyed ? 'debug' : 'error';
  if (status === UNEXPECTED)
    request.log[level]({ err: error, route: request.routeOptions.url }, 'a request failed');
  void reply.code(status).type('application/json').send(failure(message, faults));
}

function described(error: Error): {
  status: number;
  message: string;
  faults?: readonly Diagnostic[];
} {
  const { message } = error;
  if (error instanceof ConfigError) return { status: 422, message: INVALID, faults: error.faults };
  if (error instanceof RegistryConflict) {
    const status = error.kind.startsWith('unknown') ? 404 : 409;
    return { status, message, faults: error.path ? [{ path: error.path, message }] : [] };
  }
  // Its message names the server, which is nobody's business here.
  if (error instanceof StoreError)
    return { status: STATUS_OF.unavailable, message: 'the database is away or cannot be used' };
  if (error instanceof HttpError)
    return { status: error.statusCode, message, faults: error.faults };
  if (error instanceof CommandError)
    return { status: STATUS_OF[error.refusal], message, faults: error.faults };
  const { statusCode = UNEXPECTED, code } = error as FastifyError;
  if (statusCode >= 400 && statusCode < 500)
    return { status: statusCode, message: FASTIFY_MESSAGES[code] ?? message };
  return { status: UNEXPECTED, message: 'something went wrong inside; the log says what' };
}

/** Whether a client would rather have a page for a person than JSON: browsers say so. */
export function prefersPage(accept = ''): boolean {
  return /\btext\/html\b/i.test(accept);
}

/** Says nothing of the address, so that nobody's words stand in it. */
const NOT_FOUND_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Not found · Factory simulator</title>
<h1>Not found</h1>
<p>There is no page at this address.</p>
<p><a href="/">Go to the factory</a></p>
</html>
`;

/** Answers addresses that do not exist, and methods that an existing one does not have. */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const methodsByPattern = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPattern.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsByPattern.set(url, methods);
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const parts = path.split('/');
    const methods = [...methodsByPattern].find(([pattern]) => matches(pattern, parts))?.[1];
    if (!methods || methods.has(request.method)) {
      // One address, two representations: caches must keep them apart (RFC 9110 §12.5.5).
      void reply.code(404).header('vary', 'Accept');
      const wantsPage = request.method === 'GET' && prefersPage(request.headers.accept);
      if (!wantsPage) return reply.send(failure(`there is no ${clipped(path)}`));
      return reply.type('text/html; charset=utf-8').send(NOT_FOUND_PAGE);
    }
    const allowed = METHODS.filter((method) => methods.has(method)).join(', ');
    const message = `${clipped(path)} does not take ${request.method}; it takes ${allowed}`;
    return reply.code(405).header('allow', allowed).send(failure(message));
  });
}

function matches(pattern: string, found: readonly string[]): boolean {
  const expected = pattern.split('/');
  return (
    expected.length === found.length &&
    expected.every((part, i) => (part.startsWith(':') ? found[i] !== '' : part === found[i]))
  );
}

/** Answers what is not even HTTP. */
export function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Too Large' : '400 Bad Request';
  const body = JSON.stringify(failure('the request is not HTTP as it should be'));
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
