/**
 * The broker limits what it keeps for clients, and a client that exceeds a limit harms only itself.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BrokerOptions, EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { BROKER_LIMITS, type BrokerLimits } from '../../src/broker/limits.ts';
import { Message } from '../../src/broker/message.ts';
import { Notices } from '../../src/broker/notices.ts';
import { RetainedMessages } from '../../src/broker/retained.ts';
import { type Link, Session } from '../../src/broker/session.ts';
import { until } from '../until.ts';
import { RawClient } from './raw-client.ts';

const KB = 1024;

interface Started {
  readonly broker: EmbeddedBroker;
  readonly notices: string[];
  readonly refusals: string[];
  publish(
    topic: string,
    payload: string | Buffer,
    qos?: 0 | 1 | 2,
    retain?: boolean,
  ): Promise<void>;
}

async function started(
  t: TestContext,
  limits: Partial<BrokerLimits>,
  options: Partial<BrokerOptions> = {},
): Promise<Started> {
  const notices: string[] = [];
  const refusals: string[] = [];
  const broker = await EmbeddedBroker.start({
    host: '127.0.0.1',
    port: { number: 0, isExplicit: false },
    onNotice: (notice) => notices.push(notice),
    onRefused: (clientId, reason) => refusals.push(`${clientId}: ${reason}`),
    limits: { noticeMs: 0, sweepMs: 50, ...limits },
    ...options,
  });
  t.after(() => broker.close());
  const publish: Started['publish'] = (topic, payload, qos = 1, retain = false) =>
    new Promise((resolve, reject) => {
      const message = { topic, payload: Buffer.from(payload), qos, retain };
      broker.publish(message, (error) => (error ? reject(error) : resolve()));
    });
  return { broker, notices, refusals, publish };
}

test('a subscriber that does not read is disconnected, and delays no other client', async (t) => {
  const { broker, notices, publish } = await started(t, {});
  const watcher = await RawClient.open(broker.port);
  await watcher.subscribe('factory/#', 1);
  let longestMs = 0;
  for (let round = 0; round < 2; round++) {
    const greedy = await RawClient.open(broker.port, { clientId: `greedy-${round}` });
    await greedy.subscribe('junk', 0);
    greedy.socket.pause();
    for (let i = 0; i < 60; i++) greedy.publish('junk', Buffer.alloc(250 * KB));
    for (let i = 0; notices.length <= round; i++) {
      const beginMs = performance.now();
      await publish(`factory/a/${round}/energy`, String(i));
      longestMs = Math.max(longestMs, performance.now() - beginMs);
    }
    greedy.socket.destroy();
  }
  await publish('factory/a/end/energy', 'end');
  await watcher.until((packet) => packet.cmd === 'publish' && packet.topic.includes('/end/'));
  assert.ok(longestMs < 2000, `${longestMs} ms`);
  assert.match(notices[0] ?? '', /^client greedy-0 was disconnected: more than 4194304 bytes/);
});

test('publishers wait for a client that is behind, but not for long', async (t) => {
  const { broker, notices, publish } = await started(t, { behindBytes: 64 * KB, holdMs: 200 });
  const slow = await RawClient.open(broker.port, { clientId: 'slow' });
  await slow.subscribe('factory/#', 0);
  const payload = Buffer.alloc(64 * KB);
  // Far more than may wait for it, as fast as it accepts messages.
  for (let i = 0; i < 200; i++) await publish('factory/a/b/energy', payload);
  await slow.untilPublished(200);
  assert.deepEqual(notices, []);
  slow.socket.pause();
  let longestMs = 0;
  while (notices.length === 0) {
    const beginMs = performance.now();
    await publish('factory/a/b/energy', payload);
    longestMs = Math.max(longestMs, performance.now() - beginMs);
  }
  assert.ok(longestMs > 50 && longestMs < 2000, `${longestMs} ms`);
});

test('a client that receives nothing for too long is disconnected', async (t) => {
  const { broker, notices, publish } = await started(t, { stalledMs: 200 });
  const silent = await RawClient.open(broker.port, { clientId: 'silent' });
  await silent.subscribe('#', 0);
  silent.socket.pause();
  while (broker.clientCount > 0) await publish('junk', Buffer.alloc(32 * KB), 0);
  assert.match(notices.join(), /client silent was disconnected: it received nothing for 0.2 s/);
});

test('the bytes waiting in all sockets are limited: the fullest one is dropped', async (t) => {
  const { broker, notices, publish } = await started(t, { socketBytes: 512 * KB });
  const clients: RawClient[] = [];
  for (const id of ['one', 'two']) {
    const client = await RawClient.open(broker.port, { clientId: id });
    await client.subscribe('#', 0);
    client.socket.pause();
    clients.push(client);
  }
  while (broker.clientCount === 2) await publish('junk', Buffer.alloc(32 * KB), 0);
  assert.match(notices[0] ?? '', /more than 524288 bytes were waiting for all clients/);
  for (const client of clients) client.socket.destroy();
});

test('retained messages are limited in bytes and topics, and the simulator’s own have priority', () => {
  const notices: string[] = [];
  const limits = {
    ...BROKER_LIMITS,
    ...{ retainedBytes: 100 * KB, foreignRetainedBytes: 60 * KB, foreignRetainedTopics: 50 },
  };
  const retained = new RetainedMessages(limits, new Notices((notice) => notices.push(notice), 0));
  const keep = (topic: string, bytes: number) =>
    retained.keep(new Message({ topic, payload: Buffer.alloc(bytes), qos: 1, retain: true }));
  const topics = (filter: string) =>
    [...retained.matching(filter)].flat().map(({ topic }) => topic);
  for (let i = 0; i < 40; i++) keep(`junk/${i}`, 2 * KB);
  assert.ok(retained.bytes <= 60 * KB);
  assert.equal(topics('junk/#').length, 28);
  assert.match(
    notices[0] ?? '',
    /^the retained message of junk\/28 was refused: at most 61440 bytes/,
  );
  // A replaced message does not count twice, and one that no longer fits leaves nothing behind.
  assert.equal(keep('junk/0', 2 * KB), true);
  assert.equal(keep('junk/0', 20 * KB), false);
  assert.deepEqual(topics('junk/0'), []);
  const junk = topics('junk/+');
  for (let i = 0; i < 40; i++) assert.equal(keep(`factory/a/${i}/status`, 2 * KB), true);
  assert.ok(retained.bytes <= 100 * KB);
  assert.equal(topics('factory/#').length, 40);
  const left = topics('junk/+');
  assert.deepEqual(left, junk.slice(-left.length));
  assert.match(
    notices.at(-1) ?? '',
    /junk\/2\d was dropped: the simulator’s own messages need the space/,
  );
  for (let i = 0; i < 40; i++) keep(`factory/a/${i}/status`, 0);
  for (let i = 0; i < 40; i++) keep(`junk/${i}`, 0);
  assert.equal(retained.bytes, 0);
  for (let i = 0; i < 60; i++) keep(`small/${i}`, 1);
  assert.equal(topics('#').length, 50);
});

test('the session that has been away longest is ended first, and small sessions lose nothing', async (t) => {
  const { broker, notices, publish } = await started(t, {
    ...{ waitingBytes: 1000 * KB, sessionBytes: 400 * KB },
  });
  for (let i = 0; i < 5; i++) {
    const away = await RawClient.open(broker.port, { clientId: `away-${i}`, clean: false });
    await away.subscribe('junk/#', 1);
    await away.drop();
  }
  const honest = await RawClient.open(broker.port, { clientId: 'honest', clean: false });
  await honest.subscribe('factory/#', 1);
  await honest.drop();
  for (let i = 0; i < 50; i++) {
    for (let k = 0; k < 10; k++) await publish('junk/a', Buffer.alloc(2 * KB));
    await publish('factory/a/b/energy', String(i));
  }
  assert.ok(broker.keptBytes.waiting <= 1000 * KB);
  assert.match(
    notices.join('\n'),
    /the session of client away-0 was ended and its messages were dropped/,
  );
  const back = await RawClient.open(broker.port, { clientId: 'honest', clean: false });
  assert.equal(back.connack.sessionPresent, true);
  await back.untilPublished(50);
  assert.deepEqual(
    back.payloads,
    Array.from({ length: 50 }, (_, i) => String(i)),
  );
  const oldest = await RawClient.open(broker.port, { clientId: 'away-0', clean: false });
  assert.equal(oldest.connack.sessionPresent, false);
  // The latest keeps its newest messages.
  const latest = await RawClient.open(broker.port, { clientId: 'away-4', clean: false });
  assert.equal(latest.connack.sessionPresent, true);
  await Promise.all([back.drop(), oldest.drop(), latest.drop()]);
});

test('sessions end when their client stays away, and are limited in number', async (t) => {
  const leave = async (port: number, count: number) => {
    for (let i = 0; i < count; i++) {
      const client = await RawClient.open(port, { clientId: `away-${i}`, clean: false });
      await client.subscribe('#', 1);
      await client.drop();
    }
  };
  // On a busy computer short sessions end before so many clients are away.
  const crowded = await started(t, { sessionsAway: 10 });
  await leave(crowded.broker.port, 15);
  await until(() => crowded.notices.length > 0);
  assert.match(
    crowded.notices.join('\n'),
    /session of client away-\d+ was ended .*10 other clients are away/,
  );
  const { broker, publish } = await started(t, { sessionMs: 300 });
  await leave(broker.port, 15);
  await publish('factory/a/b/energy', 'x');
  while (broker.keptBytes.waiting > 0) await publish('nothing/for/them', '', 0);
  const back = await RawClient.open(broker.port, { clientId: 'away-14', clean: false });
  assert.equal(back.connack.sessionPresent, false);
  await back.drop();
  const prolonged = { sessionExpiryInterval: 1_000_000 };
  const five = { protocolVersion: 5, clientId: 'five', properties: prolonged } as const;
  const client = await RawClient.open(broker.port, five);
  assert.equal(client.connack.properties?.sessionExpiryInterval, 0);
  await client.drop();
});

test('QoS 2 messages that are never released only occupy their ids', async (t) => {
  const { broker, notices } = await started(t, { unreleased: 20 });
  for (let k = 0; k < 3; k++) {
    const client = await RawClient.open(broker.port, { clientId: `c${k}`, clean: false });
    for (let i = 1; i <= 20; i++)
      client.publish('junk', Buffer.alloc(100 * KB), { qos: 2, messageId: i });
    await client.until(({ cmd, messageId }) => cmd === 'pubrec' && messageId === 20);
    client.publish('junk', 'one more', { qos: 2, messageId: 21 });
    await client.isClosed;
  }
  assert.deepEqual(broker.keptBytes.waiting, 0);
  assert.match(notices[0] ?? '', /^client c0 was disconnected: it did not release 20 messages/);
});

test('filters are limited, and searching retained messages does not block other clients', async (t) => {
  const { broker, notices, publish } = await started(t, { filtersPerClient: 150 });
  for (let i = 0; i < 5000; i++) void publish(`factory/a/${i}/status`, 'x', 0, true);
  await publish('factory/a/last/status', 'x', 0, true);
  const greedy = await RawClient.open(broker.port);
  const other = await RawClient.open(broker.port);
  await other.subscribe('factory/b/#');
  const filters = (prefix: string) =>
    Array.from({ length: 200 }, (_, i) => `factory/+/${prefix}${i}/+/#`);
  const granted = await greedy.subscribe(filters('x'));
  assert.deepEqual([...new Set(granted)], [0, 0x80]);
  assert.equal(granted.filter((code) => code === 0).length, 100);
  assert.match(
    notices[0] ?? '',
    /to factory\/\+\/x100\/\+\/# was refused: the limits are 100 per packet/,
  );
  const more = await greedy.subscribe(filters('y'));
  assert.equal(more.filter((code) => code === 0).length, 50);
  // Its 150 searches of 5,000 topics are still running.
  await greedy.subscribe('factory/#');
  await publish('factory/b/c/energy', 'in time');
  await other.untilPublished(1);
  assert.ok(greedy.published.length < 5000);
  await Promise.all([greedy.drop(), other.drop()]);
});

test('more retained messages than a client’s backlog may hold are sent at the client’s pace', async (t) => {
  const { broker, notices, publish } = await started(t, {
    clientBytes: 1024 * KB,
    inFlightBytes: 128 * KB,
  });
  for (let i = 0; i < 400; i++)
    void publish(`factory/a/${i}/status`, Buffer.alloc(8 * KB), 1, true);
  await publish('factory/a/last/status', 'x', 1, true);
  for (const qos of [0, 1] as const) {
    const client = await RawClient.open(broker.port);
    client.socket.on('data', () => {
      for (const { messageId } of client.published.slice(acknowledged)) {
        acknowledged++;
        if (messageId) client.send({ cmd: 'puback', messageId });
      }
    });
    let acknowledged = 0;
    await client.subscribe('factory/#', qos);
    await client.untilPublished(401);
    assert.equal(new Set(client.published.map(({ topic }) => topic)).size, 401);
    await client.drop();
  }
  assert.deepEqual(notices, []);
});

test('if there are too many filters in all, the client with the most is dropped', async (t) => {
  const { broker, notices } = await started(t, { filterLevels: 100 });
  const greedy = await RawClient.open(broker.port, { clientId: 'greedy' });
  const filters = Array.from({ length: 40 }, (_, i) => `junk/${i}`);
  await greedy.subscribe(filters);
  assert.ok((await greedy.subscribe(filters.map((filter) => `${filter}/x`))).includes(0x80));
  const modest = await RawClient.open(broker.port, { clientId: 'modest' });
  assert.deepEqual(await modest.subscribe(['factory/#', 'factory/+/+/energy']), [0, 0]);
  await greedy.isClosed;
  assert.match(
    notices.at(-1) ?? '',
    /client greedy was ended .*: all filters together have more than 100/,
  );
  await modest.drop();
});

test('a session sends its backlog in linear time', () => {
  const cpuMs = (count: number): number => {
    const waiting: number[] = [];
    const link: Link = {
      ...{ version: 4, receiveMaximum: Number.POSITIVE_INFINITY, isWritable: true },
      publish: (_message, _qos, _flags, packetId) => waiting.push(packetId),
      ...{ release: () => {}, queued: () => {}, close: () => {} },
    };
    let bytes = 0;
    const session = new Session('a', false, BROKER_LIMITS, (more) => {
      bytes += more;
    });
    const fields = { topic: 'a', payload: Buffer.alloc(8), qos: 1, retain: false } as const;
    for (let i = 0; i < count; i++) session.deliver(new Message(fields), 1, false);
    const begin = process.cpuUsage();
    session.resume(link);
    let taken = 0;
    for (; waiting.length > 0; taken++) session.acknowledge(waiting.shift() as number);
    const { user, system } = process.cpuUsage(begin);
    assert.equal(taken, count);
    assert.equal(bytes, 0);
    return (user + system) / 1000;
  };
  cpuMs(10_000);
  const few = Math.min(...[1, 2].map(() => cpuMs(5_000)));
  const many = Math.min(...[1, 2].map(() => cpuMs(50_000)));
  // Ten times as many: 10 times the time if it is linear, 100 times if it is quadratic.
  assert.ok(many < 40 * few + 50, `${few} ms, ${many} ms`);
});

test('a session with tens of thousands of messages resumes and receives all, in order', async (t) => {
  const { broker, publish } = await started(t, {});
  const session = { clientId: 'away', clean: false };
  const before = await RawClient.open(broker.port, session);
  await before.subscribe('factory/#', 1);
  await before.drop();
  const count = 20_000;
  for (let i = 1; i < count; i++) void publish('factory/a/b/energy', String(i));
  await publish('factory/a/b/energy', String(count));
  const after = await RawClient.open(broker.port, session);
  let acknowledged = 0;
  let next = 0;
  while (acknowledged < count) {
    const packet = after.packets[next++];
    if (!packet) {
      next--;
      await after.ping();
    } else if (packet.cmd === 'publish') {
      assert.equal(packet.payload.toString(), String(++acknowledged));
      after.send({ cmd: 'puback', messageId: packet.messageId as number });
    }
  }
  await after.ping();
  assert.equal(broker.keptBytes.waiting, 0);
  await after.drop();
});

test('incomplete packets are limited over all connections', async (t) => {
  const { broker, notices } = await started(t, { partialBytes: 300 * KB });
  const begun = Buffer.concat([Buffer.from([0x30, 0x80, 0x80, 0x08]), Buffer.alloc(100 * KB)]);
  const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.open(broker.port)));
  for (const client of clients) client.socket.write(begun);
  await Promise.any(clients.map(({ isClosed }) => isClosed));
  assert.match(notices[0] ?? '', /more than 307200 bytes of packets were incomplete/);
  for (const client of clients) client.socket.destroy();
});

test('clients, their ids, wills and topics are limited', async (t) => {
  const { broker, refusals } = await started(t, { clients: 2 });
  const id = 'x'.repeat(257);
  const tooLong = await RawClient.open(broker.port, { clientId: id });
  assert.equal(tooLong.connack.returnCode, 2);
  const will = { topic: 'a', payload: Buffer.alloc(17 * KB) };
  const heavy = await RawClient.open(broker.port, { clientId: 'heavy', will });
  assert.equal(heavy.connack.returnCode, 3);
  assert.match(refusals.at(-1) ?? '', /^heavy: the will is too large/);
  const one = await RawClient.open(broker.port, { clientId: 'one' });
  const two = await RawClient.open(broker.port, { clientId: 'two' });
  const three = await RawClient.open(broker.port, { clientId: 'three' });
  assert.equal(three.connack.returnCode, 3);
  assert.equal(refusals.at(-1), 'three: the broker has too many clients');
  one.publish('x'.repeat(1025), 'x');
  await one.isClosed;
  two.publish('/'.repeat(32), 'x');
  await two.isClosed;
  const silent = await RawClient.reach(broker.port);
  silent.socket.destroy();
});

test('notices are reported at a limited rate, with the number of suppressed ones', () => {
  const reported: string[] = [];
  const notices = new Notices((notice) => reported.push(notice), 60_000);
  for (let i = 0; i < 3; i++) notices.report('client', () => `client ${i}`);
  notices.report('session', () => 'session 0');
  assert.deepEqual(reported, ['client 0', 'session 0']);
  const hasty = new Notices((notice) => reported.push(notice), 0);
  hasty.report('client', () => 'again');
  assert.equal(reported.at(-1), 'again');
});
