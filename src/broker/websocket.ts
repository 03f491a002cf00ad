import type { IncomingMessage, Server } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { EmbeddedBroker } from './embedded-broker.ts';

/** Where on an HTTP server the broker is reached by WebSocket. */
const WEBSOCKET_PATH = '/mqtt';

/** Largest frame that a client may send [bytes]. */
const FRAME_BYTES_MAX = 256 * 1024;

/** Names of MQTT as a WebSocket's subprotocol: of 3.1.1 and 5 (§6), and of 3.1. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

/** Tells why a request may not reach the broker; nothing, if it may. */
export type WebSocketRule = (request: IncomingMessage) => string | undefined;

/**
 * Lets browsers and others reach the broker through an HTTP server, at `/mqtt`.
 *
 * @param rule - Asked about each request before a WebSocket is opened: what it refuses is answered
 *   with 403 and the reason.
 */
export function attachWebSocket(broker: EmbeddedBroker, server: Server, rule: WebSocketRule): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?')[0] !== WEBSOCKET_PATH) {
      if (server.listenerCount('upgrade') === 1) answer(socket, '404 Not Found');
      return;
    }
    const reason = rule(request);
    if (reason !== undefined) return answer(socket, '403 Forbidden', reason);
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      broker.accept(createWebSocketStream(webSocket)),
    );
  });
}

function answer(socket: Duplex, status: string, reason = ''): void {
  socket.on('error', () => socket.destroy());
  const body = reason === '' ? '' : JSON.stringify({ success: false, message: reason });
  const headers = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** Headers that only a proxy adds: whoever it speaks for is not on this computer. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Lets in by WebSocket whom the broker's own port lets in: while it listens on the loopback
 * address and demands no user name, only who is on this computer and speaks to it by a name of
 * this computer. A page must come from the host it speaks to, or from a configured origin.
 *
 * @param origins - Other origins whose pages may connect; `*` for all.
 */
export function webSocketRule(
  { host, isGuarded }: Pick<EmbeddedBroker, 'host' | 'isGuarded'>,
  origins: readonly string[],
): WebSocketRule {
  const isLocalOnly = !isGuarded && isLoopback(host);
  return ({ headers, socket }) => {
    const { origin, host: asked = '' } = headers;
    const name = hostName(asked);
    const isForwarded = FORWARDED.some((header) => headers[header] !== undefined);
    if (isLocalOnly && (isForwarded || !isLoopback(socket.remoteAddress ?? '')))
      return 'the broker is for clients on this computer; MQTT_BIND_HOST opens it to others';
    if (isLocalOnly && !isLoopback(name)) return `${asked} is not a name of this computer`;
    if (origin === undefined || origins.includes('*') || origins.includes(origin)) return undefined;
    if (origin !== `http://${asked}` && origin !== `https://${asked}`)
      return `pages of ${origin} may not connect; API_CORS_ORIGINS names those that may`;
    // A page that has its own name lead here is not one of ours.
    if (!isGuarded && !isLoopback(name) && isIP(name) === 0)
      return `pages of ${origin} may not connect without a user name of the broker`;
    return undefined;
  };
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/** The name or address of a Host header, without its port. */
function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.split(':')[0];
  return (name ?? '').toLowerCase();
}
