import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type BlockList, isIP } from 'node:net';
import type { Configuration } from '../config/configuration.ts';
import { clipped } from '../core/errors.ts';
import { mqttOptions } from '../outputs/mqtt/index.ts';
import { Memo } from '../runtime/memo.ts';
import { addressList } from './local-addresses.ts';

/** What a caller wants: to read, to change something, or to use MQTT over WebSocket. */
export type Purpose = 'read' | 'change' | 'broker';

/** The caller, as far as a request identifies it. */
export interface Caller {
  /** Remote address of the connection; undefined if it is closed already. */
  readonly peer: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Why a caller is refused, and what to do about it. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

/** The settings that decide who may do what. */
type Rules = Pick<Configuration, 'api' | 'outputs'>;

const LOOPBACK = addressList(['127.0.0.0/8', '::1']);
const LOCAL = new Memo(addressList);

/** Headers that proxies add, in lower case. */
const FORWARDED = new RegExp(
  `^(${[
    'forwarded|via|x-forwarded(-.*)?',
    'x-real-ip|x-original-.*|x-envoy-.*|cdn-loop',
    '(.*-)?client-?ip|.*-connecting-ip(v6)?',
  ].join('|')})$`,
);

/**
 * The access rules for HTTP and WebSocket: returns the refusal, or undefined if access is granted.
 *
 * Without a key, only this computer may change anything. But a page in a local browser also runs
 * on this computer, whatever its author, and so does every request that comes through a local
 * proxy. So a request is local only if it comes from a loopback address or one that the settings
 * declare local, names this computer as its host, comes from no foreign page, and was not
 * forwarded.
 */
export function refusalOf(purpose: Purpose, caller: Caller, rules: Rules): Refusal | undefined {
  if (purpose === 'change' && rules.api.key !== undefined)
    return keyRefusal(caller.headers, rules.api.key);
  const reason = {
    read: whyNotToRead,
    change: whyNotToChange,
    broker: whyNotToTheBroker,
  }[purpose](caller, rules);
  return reason === undefined ? undefined : { status: 403, reason };
}

/** The caller of a request. */
export function callerOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Caller {
  return { peer: socket.remoteAddress, headers };
}

/** Why a WebSocket connection to the broker is refused; undefined if it is allowed. */
export function webSocketRefusal(request: IncomingMessage, rules: Rules): string | undefined {
  return refusalOf('broker', callerOf(request), rules)?.reason;
}

function keyRefusal(headers: IncomingHttpHeaders, key: string): Refusal | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  const given = [headers['x-api-key']].flat()[0] ?? bearer;
  // Digests have the same length, so the time of the comparison reveals nothing about the key.
  if (given !== undefined && timingSafeEqual(sha256(given), sha256(key))) return undefined;
  const what = given === undefined ? 'a key is needed' : 'the key is wrong';
  return { status: 401, reason: `${what}: send it as X-API-Key or Authorization: Bearer` };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function whyNotToChange({ peer, headers }: Caller, { api }: Rules): string | undefined {
  if (!isLocal(peer, api))
    return (
      'set API_KEY in the environment or .env of the simulator, and send it: without a key, only ' +
      'the computer it runs on may change anything, and a container counts as another computer ' +
      'unless API_LOCAL_ADDRESSES says otherwise'
    );
  const proxy = forwardingHeader(headers);
  if (proxy)
    return `set API_KEY behind a proxy: without one, no request with ${proxy} may change anything`;
  if (!isLoopbackName(hostName(headers.host)))
    return `${hostText(headers)} is not localhost: use that name, or set API_KEY`;
  if (isOwnPage(headers, ['http']) || isConfigured(headers.origin, api.corsOrigins))
    return undefined;
  const page = pageText(headers);
  return `${page} may not change anything: name it in API_CORS_ORIGINS, or set API_KEY`;
}

function whyNotToRead({ peer, headers }: Caller, { api }: Rules): string | undefined {
  // Listening to other computers, or setting a key, opens reading to them.
  if (api.key !== undefined || !isLocal(peer, api)) return undefined;
  const host = hostName(headers.host);
  const isServed = host !== undefined && api.hosts.includes(host);
  const proxy = forwardingHeader(headers);
  if (proxy && !isServed)
    return (
      `set API_KEY behind a proxy, or API_HOSTS to the host name that the proxy passes on: ` +
      `${hostText(headers)} came with ${proxy}`
    );
  if (!isServed && !isLoopbackName(host))
    return `${hostText(headers)} is not localhost: name it in API_HOSTS, or set API_KEY`;
  const isOpen = isConfigured(headers.origin, api.corsOrigins) || api.corsOrigins.includes('*');
  if (isOpen || isOwnPage(headers, isServed ? ['http', 'https'] : ['http'])) return undefined;
  return `${pageText(headers)} may not read: name it in API_CORS_ORIGINS, or set API_KEY`;
}

/** WebSocket gives no more access than the broker's own port, whatever address HTTP listens on. */
function whyNotToTheBroker({ peer, headers }: Caller, { api, outputs }: Rules): string | undefined {
  const { embeddedHost, username } = mqttOptions(outputs);
  const isNear = isLocal(peer, api);
  if (!isNear && isLoopbackName(embeddedHost))
    return 'only this computer may reach the broker: set MQTT_BIND_HOST to let others in';
  const isPageListed = isConfigured(headers.origin, api.corsOrigins);
  const foreignPage = `${pageText(headers)} may not reach the broker: name it in API_CORS_ORIGINS`;
  // With credentials set, the broker asks for them.
  if (username !== undefined)
    return isPageListed || isOwnPage(headers, ['http', 'https']) ? undefined : foreignPage;
  const proxy = forwardingHeader(headers);
  if (proxy)
    return `set MQTT_USERNAME and MQTT_PASSWORD behind a proxy: the request came with ${proxy}`;
  // Programs on other computers send no origin; they are let in as on the broker's own port.
  if (!isNear && headers.origin === undefined) return undefined;
  const host = hostName(headers.host);
  // A name server can point any name to our address, but it cannot change an address.
  const isOwnName = isLoopbackName(host) || (!isNear && host !== undefined && isIP(host) !== 0);
  if (!isOwnName)
    return `${hostText(headers)} is not localhost: set MQTT_USERNAME to use that name`;
  return isPageListed || isOwnPage(headers, ['http']) ? undefined : foreignPage;
}

/** Whether a request comes from no page, or from a page of this server. */
function isOwnPage({ origin, host }: IncomingHttpHeaders, schemes: readonly string[]): boolean {
  return origin === undefined || schemes.some((scheme) => origin === `${scheme}://${host}`);
}

/** Whether an origin is listed; `*` lists none. */
function isConfigured(origin: string | undefined, origins: readonly string[]): boolean {
  return origin !== undefined && origins.includes(origin);
}

function forwardingHeader(headers: IncomingHttpHeaders): string | undefined {
  return Object.keys(headers).find((name) => FORWARDED.test(name));
}

/** The name in a Host header, in lower case, without port, brackets or trailing dot. */
function hostName(host: string | undefined): string | undefined {
  const name = /^(\[[^\]]*\]|[^:[\]]+)(:\d*)?$/.exec(host ?? '')?.[1];
  return name
    ?.toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function isLoopbackName(name: string | undefined): boolean {
  return name === 'localhost' || isListed(name, LOOPBACK);
}

/** Whether a client counts as one on this computer. */
function isLocal(peer: string | undefined, { localAddresses }: Rules['api']): boolean {
  return isListed(peer, LOOPBACK) || isListed(peer, LOCAL.of(localAddresses));
}

/** Whether an address is in a list; those with a zone are not. */
function isListed(address: string | undefined, list: BlockList): boolean {
  if (address === undefined || address.includes('%')) return false;
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

function hostText({ host }: IncomingHttpHeaders): string {
  return host === undefined ? 'a request without a Host' : `the host ${clipped(host)}`;
}

function pageText({ origin }: IncomingHttpHeaders): string {
  return `a page of ${clipped(origin ?? '')}`;
}
