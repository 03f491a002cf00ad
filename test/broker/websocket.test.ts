import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { attachWebSocket, webSocketRule } from '../../src/broker/websocket.ts';

/** A request as the rule sees it. */
function request(headers: Record<string, string>, remoteAddress = '127.0.0.1'): IncomingMessage {
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

const LOCAL = { host: 'localhost:8003' };

test('WebSocket clients are let in by the rule of the broker’s own port', async (t) => {
  await t.test('on the loopback address without a user name: this computer only', () => {
    const rule = webSocketRule({ host: '127.0.0.1', isGuarded: false }, ['https://own.example']);
    for (const host of ['localhost:8003', '127.0.0.1:8003', '[::1]:8003', 'sim.localhost']) {
      assert.equal(rule(request({ host })), undefined, host);
      assert.equal(rule(request({ host, origin: `http://${host}` })), undefined, host);
    }
    assert.equal(rule(request({ ...LOCAL, origin: 'https://own.example' })), undefined);
    assert.equal(rule(request(LOCAL, '::ffff:127.0.0.1')), undefined);

    assert.match(rule(request(LOCAL, '203.0.113.7')) ?? '', /MQTT_BIND_HOST opens it to others/);
    assert.match(rule(request(LOCAL, '::ffff:203.0.113.7')) ?? '', /on this computer/);
    for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'])
      assert.match(rule(request({ ...LOCAL, [header]: 'x' })) ?? '', /on this computer/, header);
    const rebound = { host: 'evil.example:8003', origin: 'http://evil.example:8003' };
    assert.match(rule(request(rebound)) ?? '', /evil\.example:8003 is not a name of this computer/);
    assert.match(rule(request({})) ?? '', /is not a name of this computer/);
    const foreign = [
      'http://evil.example',
      'http://localhost:8004',
      'null',
      'file://localhost:8003',
    ];
    for (const origin of foreign)
      assert.match(rule(request({ ...LOCAL, origin })) ?? '', /may not connect/, origin);
  });

  await t.test('open to others: everybody, and pages that were loaded from here', () => {
    const rule = webSocketRule({ host: '0.0.0.0', isGuarded: false }, []);
    assert.equal(rule(request({ host: 'sim.example' }, '203.0.113.7')), undefined);
    const page = { host: '192.0.2.1:8003', origin: 'http://192.0.2.1:8003' };
    assert.equal(rule(request(page, '203.0.113.7')), undefined);
    assert.match(
      rule(request({ ...page, origin: 'http://evil.example' })) ?? '',
      /may not connect/,
    );
    const rebound = { host: 'evil.example:8003', origin: 'http://evil.example:8003' };
    assert.match(rule(request(rebound)) ?? '', /may not connect without a user name/);
  });

  await t.test('with a user name the broker asks who it is', () => {
    const rule = webSocketRule({ host: '127.0.0.1', isGuarded: true }, []);
    const named = { host: 'sim.example', origin: 'https://sim.example' };
    assert.equal(rule(request(named, '203.0.113.7')), undefined);
    assert.match(
      rule(request({ ...named, origin: 'https://evil.example' })) ?? '',
      /may not connect/,
    );
  });
});

test('a WebSocket that is not let in is answered with 403 and the reason', async (t) => {
  const port = { number: 0, isExplicit: false };
  const broker = await EmbeddedBroker.start({ host: '127.0.0.1', port });
  t.after(() => broker.close());
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  attachWebSocket(broker, server, webSocketRule(broker, []));
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
  assert.match(message, /^evil\.example:\d+ is not a name of this computer$/);
});
