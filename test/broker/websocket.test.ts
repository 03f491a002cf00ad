import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { webSocketRefusal } from '../../src/api/access.ts';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { attachWebSocket } from '../../src/broker/websocket.ts';
import { loadConfiguration } from '../../src/config/load.ts';

test('a rejected WebSocket is answered with 403 and the reason', async (t) => {
  const port = { number: 0, isExplicit: false };
  const broker = await EmbeddedBroker.start({ host: '127.0.0.1', port });
  t.after(() => broker.close());
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const configuration = loadConfiguration({ env: {}, cwd: import.meta.dirname });
  attachWebSocket(broker, server, (request) => webSocketRefusal(request, configuration));
  const address = server.address() as { port: number };
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol': 'mqtt',
    Host: `evil.example:${address.port}`,
    Origin: `http://evil.example:${address.port}`,
  };
  const asked = get({ host: '127.0.0.1', port: address.port, path: '/mqtt', headers });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 403);
  const [body] = (await once(response, 'data')) as [Buffer];
  const { success, message } = JSON.parse(body.toString()) as { success: boolean; message: string };
  assert.equal(success, false);
  assert.match(
    message,
    /^the host evil\.example:\d+ is not localhost: set MQTT_USERNAME to use that name$/,
  );
});
