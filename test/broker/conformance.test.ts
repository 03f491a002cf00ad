/** Requirements of the standard that clients rely on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import mqtt, { type IClientOptions } from 'mqtt';
import { generate, type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { Collector } from '../outputs/collector.ts';
import { RawClient } from './raw-client.ts';

const HOST = '127.0.0.1';
const OWN = { username: 'own', password: 'secret', clientIds: 'simulator-' };

test('the broker follows the standard', async (t) => {
  const refusals: string[] = [];
  const broker = await EmbeddedBroker.start({
    host: HOST,
    port: { number: 0, isExplicit: false },
    own: OWN,
    onRefused: (clientId, reason) => refusals.push(`${clientId}: ${reason}`),
    limits: { sweepMs: 50 },
  });
  t.after(() => broker.close());
  const { port } = broker;
  const url = `mqtt://${HOST}:${port}`;
  const publish = (topic: string, text: string, qos: 0 | 1 | 2 = 1, retain = false) =>
    new Promise<void>((resolve, reject) => {
      const message = { topic, payload: Buffer.from(text), qos, retain };
      broker.publish(message, (error) => (error ? reject(error) : resolve()));
    });

  await t.test('a retained message is sent at the lower of both QoS levels', async () => {
    for (const qos of [0, 1, 2] as const)
      await publish(`factory/q/m${qos}/status`, 'on', qos, true);
    for (const filter of ['factory/q/m2/status', 'factory/q/+/status', 'factory/q/#'])
      for (const wanted of [0, 1, 2] as const) {
        const client = await RawClient.open(port);
        await client.subscribe(filter, wanted);
        const count = filter === 'factory/q/m2/status' ? 1 : 3;
        await client.untilPublished(count);
        for (const { topic, qos, retain } of client.published) {
          assert.equal(qos, Math.min(wanted, Number(topic.at(-'0/status'.length))), filter);
          assert.equal(retain, true);
        }
        await client.drop();
      }
  });

  await t.test(
    'of overlapping subscriptions, the one with the highest QoS counts, once',
    async () => {
      const client = await RawClient.open(port);
      await client.subscribe('over/#', 0);
      await client.subscribe('over/+/a', 2);
      await client.subscribe('over/x/a', 1);
      await publish('over/x/a', 'once', 2);
      await publish('over/end', 'end', 0);
      await client.untilPublished(2);
      assert.deepEqual(
        client.published.map(({ qos, payload }) => [qos, payload.toString()]),
        [
          [2, 'once'],
          [0, 'end'],
        ],
      );
      await client.drop();
    },
  );

  for (const protocolVersion of [4, 5] as const) {
    await t.test(
      `a persistent QoS 2 session neither loses nor repeats a message: ${protocolVersion}`,
      async () => {
        const topics = ['a', 'b', 'c', 'd', 'e'].map(
          (each) => `factory/p${protocolVersion}/${each}/status`,
        );
        for (const topic of topics) await publish(topic, 'retained', 2, true);
        const options: IClientOptions & { qos: 2 } = {
          ...{
            clientId: `persistent-${protocolVersion}`,
            clean: false,
            reconnectPeriod: 0,
            qos: 2,
          },
          ...{ protocolVersion, properties: { sessionExpiryInterval: 600 } },
        };
        const filter = `factory/p${protocolVersion}/+/status`;
        const first = await Collector.open(url, filter, options);
        let closes = 0;
        first.client.on('close', () => closes++);
        await first.until((received) => received.length >= 5);
        await publish(`factory/p${protocolVersion}/end/status`, 'end', 2);
        await first.until((received) => received.some(({ payload }) => payload === 'end'));
        assert.deepEqual(first.received.map(({ topic }) => topic).slice(0, 5), topics);
        assert.equal(first.received.length, 6);
        assert.equal(closes, 0);
        await first.client.endAsync();

        for (const topic of topics) await publish(topic, 'missed', 2);
        const second = mqtt.connect(url, options);
        const missed: string[] = [];
        const isAll = new Promise<void>((resolve) => {
          second.on('message', (topic, payload) => {
            missed.push(topic);
            if (payload.toString() === 'end') resolve();
          });
        });
        const [{ sessionPresent }] = (await once(second as never, 'connect')) as [
          { sessionPresent: boolean },
        ];
        assert.equal(sessionPresent, true);
        await publish(`factory/p${protocolVersion}/end/status`, 'end', 2);
        await isAll;
        assert.deepEqual(missed, [...topics, `factory/p${protocolVersion}/end/status`]);
        await second.endAsync();
      },
    );
  }

  await t.test('an unacknowledged message is sent again with DUP and the same id', async () => {
    const session = { clientId: 'forgetful', clean: false };
    const first = await RawClient.open(port, session);
    await first.subscribe('again/#', 2);
    await publish('again/1', 'one', 1);
    await publish('again/2', 'two', 2);
    await publish('again/3', 'three', 2);
    await first.untilPublished(3);
    const [one, two, three] = first.published as [IPublishPacket, IPublishPacket, IPublishPacket];
    assert.deepEqual([one.dup, two.dup, three.dup], [false, false, false]);
    first.send({ cmd: 'pubrec', messageId: three.messageId as number });
    await first.until(({ cmd }) => cmd === 'pubrel');
    await first.drop();

    const second = await RawClient.open(port, session);
    assert.equal(second.connack.sessionPresent, true);
    const release = await second.until(({ cmd }) => cmd === 'pubrel');
    assert.equal(release.messageId, three.messageId);
    assert.deepEqual(
      second.published.map(({ dup, messageId, payload }) => [dup, messageId, payload.toString()]),
      [
        [true, one.messageId, 'one'],
        [true, two.messageId, 'two'],
      ],
    );
    second.send({ cmd: 'puback', messageId: one.messageId as number });
    second.send({ cmd: 'pubrec', messageId: two.messageId as number });
    for (const { messageId } of [two, three])
      second.send({ cmd: 'pubcomp', messageId: messageId as number });
    await second.ping();
    await second.drop();
    const third = await RawClient.open(port, session);
    await third.ping();
    assert.deepEqual(
      third.packets.map(({ cmd }) => cmd),
      ['connack', 'pingresp'],
    );
    await third.drop();
  });

  await t.test('a repeated QoS 2 message is delivered once', async () => {
    const subscriber = await RawClient.open(port);
    await subscriber.subscribe('exactly/#', 0);
    const sender = await RawClient.open(port, { clientId: 'exact', clean: false });
    sender.publish('exactly/once', 'x', { qos: 2, messageId: 7 });
    await sender.until(({ cmd }) => cmd === 'pubrec');
    await sender.drop();
    const again = await RawClient.open(port, { clientId: 'exact', clean: false });
    again.publish('exactly/once', 'x', { qos: 2, messageId: 7, dup: true });
    await again.until(({ cmd }) => cmd === 'pubrec');
    again.send({ cmd: 'pubrel', messageId: 7 });
    await again.until(({ cmd }) => cmd === 'pubcomp');
    again.publish('exactly/end', 'end', {});
    await subscriber.until((packet) => packet.cmd === 'publish' && packet.topic === 'exactly/end');
    assert.deepEqual(subscriber.payloads, ['x', 'end']);
    await again.drop();
    await subscriber.drop();
  });

  await t.test('an MQTT 5 client gets its properties and options', async () => {
    const received: [string, string | undefined, boolean][] = [];
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    client.on('message', (topic, _, { properties, retain }) =>
      received.push([topic, properties?.contentType, retain]),
    );
    const properties = { contentType: 'text/csv', userProperties: { line: '1' } };
    await client.publishAsync('five/kept', 'x', { qos: 1, retain: true, properties });
    const granted = await client.subscribeAsync({
      'five/others/#': { qos: 1, nl: true },
      'five/kept': { qos: 1, rap: true },
      'five/later': { qos: 1, rh: 2 },
    });
    assert.deepEqual(
      granted.map(({ qos }) => qos),
      [1, 1, 1],
    );
    await client.publishAsync('five/others/a', 'not for me', { qos: 1 });
    await client.publishAsync('five/kept', 'y', { qos: 1, retain: true });
    await client.publishAsync('five/later', 'z', { qos: 1 });
    while (received.length < 3) await once(client as never, 'message');
    assert.deepEqual(received, [
      ['five/kept', 'text/csv', true],
      ['five/kept', undefined, true],
      ['five/later', undefined, false],
    ]);
    await client.endAsync();
  });

  await t.test('MQTT 5: a forbidden publish is refused, and the session continues', async () => {
    const client = await RawClient.open(port, { protocolVersion: 5, clientId: 'five' });
    client.publish('factory/a/b/energy', 'forged', { qos: 1, messageId: 1 });
    client.publish('elsewhere', 'x', { qos: 1, messageId: 2 });
    const isSecond = ({ cmd, messageId }: { cmd: string; messageId?: number }) =>
      cmd === 'puback' && messageId === 2;
    await client.until(isSecond);
    const codes = client.packets.flatMap((each) =>
      each.cmd === 'puback' ? [each.reasonCode] : [],
    );
    assert.deepEqual(codes, [0x87, 0x10]);
    assert.match(refusals.at(-1) ?? '', /^five: may not publish to factory\/a\/b\/energy/);
    await client.drop();
  });

  await t.test('MQTT 5: expired messages are skipped, and wills are delayed', async () => {
    const watcher = await RawClient.open(port);
    await watcher.subscribe('late/#', 1);
    const properties = { sessionExpiryInterval: 600 };
    const session = { protocolVersion: 5, clean: false, properties } as const;
    const will = { topic: 'late/will', payload: 'gone', properties: { willDelayInterval: 1 } };
    const sleepy = await RawClient.open(port, { ...session, clientId: 'sleepy' });
    await sleepy.subscribe('expiring/#', 1);
    await sleepy.drop();
    const sender = await RawClient.open(port, { protocolVersion: 5 });
    const timed = { qos: 1, messageId: 1, properties: { messageExpiryInterval: 1 } } as const;
    sender.publish('expiring/a', 'old', timed);
    sender.publish('expiring/b', 'new', { qos: 1, messageId: 2 });
    await sender.ping();
    const leaver = await RawClient.open(port, { ...session, clientId: 'leaver', will });
    await leaver.drop();
    await watcher.untilPublished(1);
    assert.deepEqual(watcher.payloads, ['gone']);
    const awake = await RawClient.open(port, { ...session, clientId: 'sleepy' });
    await awake.ping();
    assert.deepEqual(awake.payloads, ['new']);
    // The will of a client that returns in time, or disconnects properly, is not published.
    const away = await RawClient.open(port, { ...session, clientId: 'leaver', will });
    await away.drop();
    const back = await RawClient.open(port, { ...session, clientId: 'leaver', will });
    back.send({ cmd: 'disconnect', reasonCode: 0 });
    await back.isClosed;
    await publish('late/end', 'end');
    await watcher.untilPublished(2);
    assert.deepEqual(watcher.payloads, ['gone', 'end']);
    await Promise.all([watcher.drop(), sender.drop(), awake.drop()]);
  });

  await t.test(
    'MQTT 3.1 is supported, and an unsupported version is refused with a reason',
    async () => {
      const old: Partial<IConnectPacket> = {
        protocolId: 'MQIsdp',
        protocolVersion: 3,
        clientId: 'old',
      };
      const client = await RawClient.open(port, old);
      assert.equal(client.connack.returnCode, 0);
      await client.subscribe('old/#', 1);
      await publish('old/a', 'x');
      await client.untilPublished(1);
      await client.drop();
      const future = await RawClient.reach(port);
      future.socket.write(Buffer.from([0x10, 13, 0, 4, 77, 81, 84, 84, 6, 2, 0, 60, 0, 1, 97]));
      await future.until(({ cmd }) => cmd === 'connack');
      assert.equal(future.connack.returnCode, 1);
      assert.match(
        refusals.at(-1) ?? '',
        /this version of MQTT is not supported; set the client to/,
      );
      await future.isClosed;
    },
  );

  await t.test('U+0000 anywhere closes the connection', async () => {
    const observer = await RawClient.open(port);
    await observer.subscribe('#', 0);
    const tries: ((client: RawClient) => void)[] = [
      (client) => client.publish('nul/a\0b', 'x'),
      (client) => client.publish('nul/a\0b', 'x', { qos: 2, messageId: 1, retain: true }),
      (client) => {
        const subscriptions = [{ topic: 'nul/\0', qos: 0 } as const];
        client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
      },
    ];
    for (const attempt of tries) {
      const client = await RawClient.open(port);
      attempt(client);
      await client.isClosed;
    }
    const will = { topic: 'nul/\0', payload: 'x' };
    for (const packet of [{ clientId: 'a\0b' }, { clientId: 'a', will }, { username: 'a\0' }]) {
      const client = await RawClient.reach(port);
      client.send({ cmd: 'connect', clientId: 'nul', clean: true, keepalive: 0, ...packet });
      await client.isClosed;
      assert.deepEqual(client.packets, []);
    }
    await publish('nul/end', 'end', 0);
    await observer.until((packet) => packet.cmd === 'publish' && packet.topic === 'nul/end');
    assert.deepEqual(
      observer.published.map(({ topic }) => topic).filter((topic) => topic.startsWith('nul')),
      ['nul/end'],
    );
    await observer.drop();
  });

  await t.test(
    'clients learn nothing about each other, and reserved client ids are refused',
    async () => {
      const curious = await RawClient.open(port);
      await curious.subscribe(['$SYS/#', '+/+/new/subscribes', 'told'], 1);
      const own = await RawClient.open(port, {
        ...{ clientId: 'simulator-1', username: OWN.username },
        password: Buffer.from(OWN.password),
      });
      await own.subscribe('secret/filter');
      const thief = await RawClient.open(port, { clientId: 'simulator-1' });
      assert.equal(thief.connack.returnCode, 2);
      own.publish('told', 'still here', { qos: 1, messageId: 1 });
      await curious.untilPublished(1);
      assert.deepEqual(curious.payloads, ['still here']);
      await Promise.all([curious.drop(), own.drop(), thief.isClosed]);
    },
  );

  await t.test('the simulator’s own processes may publish to reserved topics', async () => {
    const watcher = await RawClient.open(port);
    await watcher.subscribe('factory/own/#', 1);
    const own = await RawClient.open(port, {
      ...{ clientId: 'simulator-2', username: OWN.username },
      password: Buffer.from(OWN.password),
    });
    own.publish('factory/own/a/energy', 'genuine', { qos: 1, messageId: 1 });
    await watcher.untilPublished(1);
    await Promise.all([watcher.drop(), own.drop()]);
  });

  await t.test('a client with the id of another one replaces it', async () => {
    const watcher = await RawClient.open(port);
    await watcher.subscribe('taken/#');
    const will = { topic: 'taken/over', payload: 'first' };
    const first = await RawClient.open(port, { clientId: 'same', will });
    const second = await RawClient.open(port, { clientId: 'same' });
    await first.isClosed;
    await second.ping();
    await watcher.untilPublished(1);
    await Promise.all([watcher.drop(), second.drop()]);
  });

  await t.test('a silent client is disconnected', async () => {
    const client = await RawClient.open(port, { keepalive: 1 });
    await client.isClosed;
  });

  await t.test('truncated or repeated properties close the connection', async () => {
    const connect = (properties: number[]) =>
      Buffer.from([
        ...[0x10, 14 + properties.length, 0, 4, 77, 81, 84, 84, 5, 2, 0, 60],
        ...[properties.length, ...properties, 0, 1, 97],
      ]);
    const twice = [0x11, 0, 0, 0, 9, 0x11, 0, 0, 0, 9];
    for (const properties of [twice, [0x21, 0, 0], [0x11, 0], [0x26, 0, 9, 97], [0x99]]) {
      const client = await RawClient.reach(port, 5);
      client.socket.write(connect(properties));
      await client.isClosed;
      assert.deepEqual(client.packets, [], String(properties));
    }
  });

  await t.test('no input crashes the broker', async () => {
    const packets: Packet[] = [
      {
        cmd: 'publish',
        properties: { contentType: 'x', userProperties: { a: 'b' }, messageExpiryInterval: 9 },
        topic: 'a/b',
        payload: 'x',
        qos: 1,
        messageId: 1,
        dup: false,
        retain: true,
      },
      { cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a/#', qos: 2 }] },
      { cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['a/#'] },
      { cmd: 'pubrel', messageId: 4 },
      { cmd: 'disconnect' },
    ];
    // Park and Miller's generator: the same bytes in every run.
    let seed = 11;
    const next = (end: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % end;
    };
    for (let i = 0; i < 200; i++) {
      const protocolVersion = i % 2 ? 5 : 4;
      const bytes = Buffer.concat(packets.map((each) => generate(each, { protocolVersion })));
      for (let k = next(4); k >= 0; k--) bytes[next(bytes.length)] = next(256);
      const client = await RawClient.open(port, { protocolVersion });
      client.socket.end(bytes);
      client.socket.resume();
      await client.isClosed;
    }
    const client = await RawClient.open(port);
    await client.ping();
    await client.drop();
  });

  await t.test('messages of one client arrive in order, however many there are', async () => {
    const watcher = await RawClient.open(port);
    await watcher.subscribe('order', 0);
    const sender = await RawClient.open(port);
    const sent = Array.from({ length: 2000 }, (_, i) => String(i));
    for (const text of sent) sender.publish('order', text);
    sender.send({ cmd: 'disconnect' });
    await sender.isClosed;
    await watcher.untilPublished(sent.length);
    assert.deepEqual(watcher.payloads, sent);
    await watcher.drop();
  });
});
