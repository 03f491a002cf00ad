import type { FastifyInstance } from 'fastify';
import type { Configuration } from '../config/configuration.ts';
import { callerOf, type Purpose, refusalOf } from './access.ts';
import { HttpError } from './failures.ts';

/** Methods that only read. */
const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Enforces the access rules for reading and for changes.
 *
 * Even with a key, reading needs none: a browser's EventSource cannot send one.
 */
export function guard(app: FastifyInstance, configuration: Configuration): void {
  app.addHook('onRequest', async ({ method, is404, raw }, reply) => {
    const purpose: Purpose = is404 || READING_METHODS.has(method) ? 'read' : 'change';
    const refusal = refusalOf(purpose, callerOf(raw), configuration);
    if (!refusal) return;
    if (refusal.status === 401) reply.header('www-authenticate', 'Bearer');
    throw new HttpError(refusal.status, refusal.reason);
  });
}
