import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from './failures.ts';

/** Methods that change nothing. */
const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/**
 * Lets only those change anything who know the key, or, without a key, who are on this machine.
 *
 * Reading is open: a browser's EventSource cannot send a key.
 */
export function guard(
  app: FastifyInstance,
  key: string | undefined,
  corsOrigins: readonly string[],
): void {
  const digest = key === undefined ? undefined : sha256(key);
  app.addHook('onRequest', async (request, reply) => {
    if (READING_METHODS.has(request.method) || request.is404) return;
    if (digest === undefined) return checkLocal(request, corsOrigins);
    const given = givenKey(request.headers);
    // Digests have one length, so the time of the comparison says nothing about the key.
    if (given !== undefined && timingSafeEqual(sha256(given), digest)) return;
    reply.header('www-authenticate', 'Bearer');
    const what = given === undefined ? 'a key is needed' : 'the key is wrong';
    throw new HttpError(401, `${what}: send it as X-API-Key or Authorization: Bearer`);
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function givenKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  return [headers['x-api-key']].flat()[0] ?? bearer;
}

/**
 * A browser on this machine is local too, whatever page it shows. So a page must come from the
 * simulator itself or an origin that was configured, and the host must be addressed by a name or
 * an address of this machine, not by one that a foreign name server points here.
 */
function checkLocal({ headers, socket }: FastifyRequest, corsOrigins: readonly string[]): void {
  const { host = '', origin } = headers;
  const isLocal = isLoopback(socket.remoteAddress ?? '') && isLoopbackName(hostName(host));
  if (!isLocal)
    throw new HttpError(403, 'without API_KEY only clients on this machine may change anything');
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (!isOwn && !corsOrigins.includes(origin) && !corsOrigins.includes('*'))
    throw new HttpError(403, `pages of ${origin} may not change anything`);
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function isLoopbackName(name: string): boolean {
  return name.toLowerCase() === 'localhost' || isLoopback(name);
}

function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
