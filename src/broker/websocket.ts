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
 * Lets browsers reach the broker through an HTTP server, at `/mqtt`.
 *
 * @param refusal - Why a request may not be upgraded, if it may not: a browser connects wherever a
 *   page tells it to.
 */
export function attachWebSocket(
  broker: EmbeddedBroker,
  server: Server,
  refusal: (request: IncomingMessage) => string | undefined,
): void {
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
    const reason = refusal(request);
    if (reason !== undefined) answer(socket, '403 Forbidden', reason);
    else
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        broker.accept(createWebSocketStream(webSocket), request),
      );
  });
}

function answer(socket: Duplex, status: string, body = ''): void {
  socket.on('error', () => socket.destroy());
  const head = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
