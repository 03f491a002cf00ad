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
import { version } from '../runtime/version.ts';
import { Exports, generateLocally } from '../service/exports.ts';
import type { Registry } from '../service/registry.ts';
import type { Simulator } from '../service/simulator.ts';
import { addressOf, ConcurrencyLimiter } from './concurrency-limiter.ts';
import type { Api, App } from './context.ts';
import { describeRoutes, serveDocumentation } from './documentation.ts';
import { answerError, answerUnknownRoutes, HttpError, onClientError } from './failures.ts';
import { guard } from './guard.ts';
import { acceptJsonOnly } from './json-body.ts';
import { routes } from './routes/index.ts';
import { NAME_MAX } from './schemas.ts';
import { endStalled } from './stalled.ts';
import { compileValidator } from './validation.ts';

/** Bytes of a body: a thousand times what any command takes. */
const BODY_MAX_BYTES = 1_048_576;
/** Requests of one address a minute: a dashboard makes tens, a script that loops thousands. */
const REQUESTS_MAX_PER_MINUTE = 6000;
/** Characters of a part of an address: a name's, each as four bytes in hexadecimal digits. */
const PARAMETER_MAX = 12 * NAME_MAX;
/** Time in which a request must have arrived, so that none holds a connection for ever [ms]. */
const REQUEST_MAX_MS = 60_000;

/** Answers that are computed, or read from exports, at once: more would only share a processor. */
const ANSWERS_MAX = 12;
/** A client that takes no byte of an answer for so long will not take the rest either [ms]. */
const STALLED_MS = 30_000;

/** Closing waits so long for answers that are on their way [ms]. */
const CLOSE_MAX_MS = 1000;

/** How an API is built other than its routes. */
export interface AppOptions {
  readonly logger?: FastifyBaseLogger;
  /** Requests that one address may make a minute. */
  readonly requestsPerMinute?: number;
  /** Real time after which a client that takes nothing of its answer is cut off [ms]. */
  readonly stalledMs?: number;
  /** The registry that may be changed; none: it is read-only. */
  readonly registry?: Registry | undefined;
  /** The cluster that it is part of. */
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
  // Answers are written by hand and checked by tests; a serializer would hide what is missing.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  acceptJsonOnly(app);
  // An address is known for as long as it was asked for before its connection ended.
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
    // A hook of the whole app comes before the guard, so that guessing a key counts too.
    global: false,
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: addressOf,
    allowList: ({ routeOptions }) => routeOptions.url?.startsWith('/health') === true,
    errorResponseBuilder: (_request, { max, after }) =>
      new HttpError(429, `more than ${max} requests in a minute; go on in ${after}`),
  });
  app.addHook('onRequest', app.rateLimit());
  guard(app, configuration);
  answerUnknownRoutes(app);
  await describeRoutes(app, version);

  const limiter = new ConcurrencyLimiter(
    ANSWERS_MAX,
    (count) => `${count} answers are being computed; try again later`,
  );
  app.addHook('preClose', async () => limiter.close());
  const generation = await clusterGeneration(configuration, app.log);
  // The APIs of a cluster share a folder with each other, and with nobody else.
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
  await serveDocumentation(app);
  // After the hook of the stream, whose connections would not end by themselves.
  app.addHook('preClose', () => closeServer(app.server));
  return app;
}

/** The cluster that exports are made on; its code is loaded by those who have one. */
async function clusterGeneration(configuration: Configuration, log: FastifyBaseLogger) {
  if (configuration.cluster.redisUrl === undefined) return undefined;
  const { ClusterGeneration } = await import('../cluster/history/generation.ts');
  return new ClusterGeneration(configuration, log, generateLocally);
}

/** Stops listening, and lets what is being answered end if that takes no longer than a moment. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const isClosed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MAX_MS);
  await isClosed;
  clearTimeout(timer);
}

/** What a client calls its request, if it is short and plain, or a name of ours. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
