import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { EmbeddedBroker } from './embedded-broker.ts';

/** Where on an HTTP server the broker is reached by WebSocket. */
const WEBSOCKET_PATH = '/mqtt';

/** Largest frame that a client may send [bytes]. */
const FRAME_BYTES_MAX = 256 * 1024;

/** Names of MQTT as a WebSocket's subprotocol: of 3.1.1 (§6) and of 3.1. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

/**
 * Lets browsers reach the broker through an HTTP server, at `/mqtt`. Pages of other
 * origins are refused, since a browser connects wherever a page tells it to.
 *
 * @param origins - Other origins that may connect; `*` for all.
 */
export function attachWebSocket(
  broker: EmbeddedBroker,
  server: Server,
  origins: readonly string[] = [],
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?')[0] !== WEBSOCKET_PATH) {
      if (server.listenerCount('upgrade') === 1) answer(socket, '404 Not Found');
    } else if (!isWelcome(request, origins)) answer(socket, '403 Forbidden');
    else
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        broker.accept(createWebSocketStream(webSocket), request),
      );
  });
}

/** Whether a request comes from no page, from one of this server, or from an allowed one. */
function isWelcome({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function answer(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
