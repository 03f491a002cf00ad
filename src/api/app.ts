import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import type { ClusterOverview } from '../cluster/live/overview.ts';
import type { Configuration } from '../config/configuration.ts';
import { Exports, generateLocally } from '../service/exports.ts';
import type { Registry } from '../service/registry.ts';
import type { Simulator } from '../service/simulator.ts';
import { callerOf, type Purpose, refusalOf } from './access.ts';
import { compressAnswers } from './compression.ts';
import { addressOf, ConcurrencyLimiter } from './concurrency-limiter.ts';
import type { Api, App } from './context.ts';
import { serveDocumentation } from './documentation.ts';
import { answerError, answerUnknownRoutes, HttpError, onClientError } from './failures.ts';
import { acceptJsonOnly } from './json-body.ts';
import { routes } from './routes/index.ts';
import { NAME_MAX } from './schemas.ts';
import { endStalled } from './stalled.ts';
import { compileValidator } from './validation.ts';

/** Largest body in bytes: a thousand times what any command needs. */
const BODY_MAX_BYTES = 1_048_576;
/** Requests per address and minute: a dashboard makes tens, a looping script thousands. */
const REQUESTS_MAX_PER_MINUTE = 6000;
/** Longest path parameter: a name, with each character as four percent-encoded bytes. */
const PARAMETER_MAX = 12 * NAME_MAX;
/** Time in which a request must arrive completely, so that it does not block a connection [ms]. */
const REQUEST_MAX_MS = 60_000;

/** Responses computed or read from exports at once: more would only share a CPU core. */
const ANSWERS_MAX = 12;
/** A client that reads nothing of a response for this long is disconnected [ms]. */
const STALLED_MS = 30_000;

/** Time for responses in flight when the server closes [ms]. */
const CLOSE_MAX_MS = 1000;

/** Methods that only read. */
const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Options of {@link buildApp}. */
export interface AppOptions {
  readonly logger?: FastifyBaseLogger;
  /** Requests allowed per address and minute. */
  readonly requestsPerMinute?: number;
  /** Real time after which a client that reads nothing of its response is disconnected [ms]. */
  readonly stalledMs?: number;
  /** The registry, if it may be changed; undefined: read-only. */
  readonly registry?: Registry | undefined;
  /** The cluster, if the simulator is part of one. */
  readonly cluster?: ClusterOverview | undefined;
}

/** Builds the API of a simulator, without listening. */
export async function buildApp(
  simulator: Simulator,
  configuration: Configuration,
  {
    logger,
    requestsPerMinute = REQUESTS_MAX_PER_MINUTE,
    stalledMs = STALLED_MS,
    registry,
    cluster,
  }: AppOptions = {},
): Promise<App> {
  const app: App = fastify({
    ...(logger && { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_MAX_MS,
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_MAX },
    frameworkErrors: answerError,
    clientErrorHandler: onClientError,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileValidator);
  // Responses are built explicitly and checked by tests; a serializer would hide missing fields.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  acceptJsonOnly(app);
  // Node caches the remote address on first access, so it stays known after the connection ends.
  app.server.on('connection', ({ remoteAddress }) => remoteAddress);
  endStalled(app.server, stalledMs);

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  await app.register(helmet, {
    strictTransportSecurity: false,
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"] } },
  });
  const { corsOrigins } = configuration.api;
  if (corsOrigins.length > 0)
    await app.register(cors, {
      origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
      methods: ['GET', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['Link', 'X-Total-Count', 'X-Request-Id'],
    });
  await app.register(rateLimit, {
    // A hook of the whole app runs before the guard, so that guessing a key counts as well.
    global: false,
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: addressOf,
    allowList: ({ routeOptions }) => routeOptions.url?.startsWith('/health') === true,
    errorResponseBuilder: (_request, { max, after }) =>
      new HttpError(429, `more than ${max} requests in a minute; try again in ${after}`),
  });
  app.addHook('onRequest', app.rateLimit());
  guard(app, configuration);
  compressAnswers(app);
  answerUnknownRoutes(app);
  serveDocumentation(app);

  const limiter = new ConcurrencyLimiter(
    ANSWERS_MAX,
    (count) => `${count} responses are being computed; try again later`,
  );
  app.addHook('preClose', async () => limiter.close());
  const generation = await clusterGeneration(configuration, app.log);
  // The APIs of a cluster share a folder among themselves only.
  const folder = cluster ? `exports-${cluster.storeKey}` : 'exports';
  const exports = new Exports(simulator.database, join(configuration.dataDir, folder), app.log, {
    ...(generation && { make: generation.make }),
    member: cluster?.me.id,
  });
  app.addHook('onReady', () => exports.begin());
  app.addHook('onClose', async () => {
    await exports.close();
    await generation?.close();
  });
  const api: Api = { simulator, configuration, registry, cluster, limiter, exports };
  for (const add of routes) add(app, api);
  // After the hook that ends streams, which would keep the server open.
  app.addHook('preClose', () => closeServer(app.server));
  return app;
}

/**
 * Enforces the access rules for reading and for changes.
 *
 * Even with a key, reading needs none: a browser's EventSource cannot send one.
 */
function guard(app: App, configuration: Configuration): void {
  app.addHook('onRequest', async ({ method, is404, raw }, reply) => {
    const purpose: Purpose = is404 || READING_METHODS.has(method) ? 'read' : 'change';
    const refusal = refusalOf(purpose, callerOf(raw), configuration);
    if (!refusal) return;
    if (refusal.status === 401) reply.header('www-authenticate', 'Bearer');
    throw new HttpError(refusal.status, refusal.reason);
  });
}

/** The cluster that generates exports; its code is loaded only if there is one. */
async function clusterGeneration(configuration: Configuration, log: FastifyBaseLogger) {
  if (configuration.cluster.redisUrl === undefined) return undefined;
  const { ClusterGeneration } = await import('../cluster/history/generation.ts');
  return new ClusterGeneration(configuration, log, generateLocally);
}

/** Stops listening, and gives responses in flight a moment to finish. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const isClosed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MAX_MS);
  await isClosed;
  clearTimeout(timer);
}

/** The client's request id, if it is short and plain, or a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
