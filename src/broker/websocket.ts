import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { EmbeddedBroker } from './embedded-broker.ts';

/** The path of the broker's WebSocket on an HTTP server. */
const WEBSOCKET_PATH = '/mqtt';

/** Largest frame that a client may send [bytes]. */
const FRAME_BYTES_MAX = 256 * 1024;

/** WebSocket subprotocols of MQTT 3.1.1 and 5 (§6), and of 3.1. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

/** Returns why a request is rejected; undefined if it is not. */
export type WebSocketRule = (request: IncomingMessage) => string | undefined;

/**
 * Makes the broker reachable through an HTTP server by WebSocket, at `/mqtt`.
 *
 * @param rule - Called for each request before a WebSocket is opened. A rejected one is answered
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
