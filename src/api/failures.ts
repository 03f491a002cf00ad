import { METHODS } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ConfigError, clipped, type Diagnostic, FAULTS_MAX } from '../core/errors.ts';
import { CommandError, type Refusal } from '../service/command-error.ts';
import { RegistryConflict } from '../store/registry/change.ts';
import { StoreError } from '../store/store-error.ts';
import { nearRoute } from './near-route.ts';
import { relativeUrl } from './relative-url.ts';

const STATUS_OF: Readonly<Record<Refusal, number>> = {
  unknown: 404,
  conflict: 409,
  invalid: 422,
  busy: 429,
  unavailable: 503,
};

/** The status of an unexpected error: a bug. */
const UNEXPECTED = 500;

/** The message for a request that is well-formed but invalid. */
const INVALID = 'the request is not accepted; nothing was changed';

/** Replacements for messages of Fastify. */
const FASTIFY_MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be JSON: Content-Type: application/json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the length of the body does not match Content-Length',
  FST_ERR_BAD_URL: 'the address is malformed',
};

/** An error response, thrown by a route. */
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

/** The body of every error response. */
function failure(message: string, faults: readonly Diagnostic[] = []) {
  const shown = faults.slice(0, FAULTS_MAX);
  const errors = shown.map(({ path, message }) => ({ path, message }));
  return errors.length > 0
    ? ({ success: false, message, errors } as const)
    : ({ success: false, message } as const);
}

/** Answers every error in the same form, without internals that the client must not see. */
export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { status, message, faults } = described(error, request.routeOptions.bodyLimit);
  // A failure caused by a lost connection is not our error, and a client could cause thousands of
  // them per second.
  const level = request.socket.destroyed ? 'debug' : 'error';
  if (status === UNEXPECTED)
    request.log[level]({ err: error, route: request.routeOptions.url }, 'a request failed');
  void reply.code(status).type('application/json').send(failure(message, faults));
}

function described(
  error: Error,
  bodyMaxBytes?: number,
): {
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
  // Its message names the server, which clients must not see.
  if (error instanceof StoreError)
    return { status: STATUS_OF.unavailable, message: 'the database is unavailable' };
  if (error instanceof HttpError)
    return { status: error.statusCode, message, faults: error.faults };
  if (error instanceof CommandError)
    return { status: STATUS_OF[error.refusal], message, faults: error.faults };
  const { statusCode = UNEXPECTED, code } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const limit = Math.floor((bodyMaxBytes ?? 0) / 1e6);
    return { status: statusCode, message: `the body is too large; the limit is ${limit} MB` };
  }
  if (statusCode >= 400 && statusCode < 500)
    return { status: statusCode, message: FASTIFY_MESSAGES[code] ?? message };
  return { status: UNEXPECTED, message: 'internal error; see the log' };
}

/** Whether a client prefers an HTML page to JSON, as browsers do. */
export function prefersPage(accept = ''): boolean {
  return /\btext\/html\b/i.test(accept);
}

/** Does not repeat the URL, so that it cannot show text from an attacker. */
const notFoundPage = (home: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Not found · Factory simulator</title>
<h1>Not found</h1>
<p>There is no page at this address.</p>
<p><a href="${home}">Go to the factory</a></p>
</html>
`;

/** Answers unknown URLs with 404, and unsupported methods with 405. */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const methodsByPattern = new Map<string, Set<string>>();
  const documented = new Set<string>(['/docs', '/redoc', '/openapi.json']);
  app.addHook('onRoute', ({ url, method, schema }) => {
    if (!schema?.hide) documented.add(url);
    const methods = methodsByPattern.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsByPattern.set(url, methods);
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const parts = path.split('/');
    const methods = [...methodsByPattern].find(([pattern]) => matches(pattern, parts))?.[1];
    if (!methods || methods.has(request.method)) {
      // One URL, two representations: caches must keep them apart (RFC 9110 §12.5.5).
      void reply.code(404).header('vary', 'Accept');
      const wantsPage = request.method === 'GET' && prefersPage(request.headers.accept);
      if (!wantsPage) return reply.send(failure(unknownText(path, documented)));
      return reply
        .type('text/html; charset=utf-8')
        .send(notFoundPage(relativeUrl(request.url, '/')));
    }
    const allowed = METHODS.filter((method) => methods.has(method)).join(', ');
    const message = `${clipped(path)} does not accept ${request.method}; accepted: ${allowed}`;
    return reply.code(405).header('allow', allowed).send(failure(message));
  });
}

function unknownText(path: string, documented: Iterable<string>): string {
  const near = nearRoute(path, documented);
  const rest = path.startsWith('/simulator') ? '; /docs lists all addresses' : '';
  return `there is no ${clipped(path)}${near ? `; did you mean ${near}?` : rest}`;
}

function matches(pattern: string, found: readonly string[]): boolean {
  const expected = pattern.split('/');
  return (
    expected.length === found.length &&
    expected.every((part, i) => (part.startsWith(':') ? found[i] !== '' : part === found[i]))
  );
}

/** Answers data that is not valid HTTP. */
export function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Too Large' : '400 Bad Request';
  const body = JSON.stringify(failure('the request is not valid HTTP'));
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
