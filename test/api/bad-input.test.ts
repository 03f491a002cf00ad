import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { COMPRESSOR, NOBODY, type Simulation, startSimulation } from '../simulation.ts';

const ANOMALY = `/simulator/machines/${COMPRESSOR}/anomaly`;
const READINGS = `/simulator/machines/${COMPRESSOR}/readings`;
const JSON_TYPE = { 'content-type': 'application/json' };

describe('bad input', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
    await simulation.app.listen({ port: 0 });
  });
  after(() => simulation.close());

  async function refused(
    status: number,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: string | object,
    headers: Record<string, string> = payload === undefined ? {} : JSON_TYPE,
  ): Promise<{ message: string; errors: Record<string, string> }> {
    const { events } = simulation.simulator.eventLog.journal;
    const count = events.length;
    const request = payload === undefined ? { method, url } : { method, url, payload };
    const response = await simulation.app.inject({ ...request, headers });
    const { success, message, errors = [], ...more } = response.json();
    assert.equal(response.statusCode, status, response.body);
    assert.equal(success, false);
    assert.ok(message.length > 0);
    assert.deepEqual(more, {});
    assert.doesNotMatch(response.body, /\bat .*\.[jt]s\b|node_modules/);
    assert.equal(events.length, count, 'something changed');
    const entries = errors.map((error: { path: string; message: string }) => [
      error.path,
      error.message,
    ]);
    return { message, errors: Object.fromEntries(entries) };
  }

  it('that is not JSON is refused with the position of the error', async () => {
    for (const body of [
      '{"anomaly_type":',
      '{"severity": NaN}',
      '{"severity": Infinity}',
      'x',
      "{'a':1}",
    ]) {
      const { message } = await refused(400, 'POST', ANOMALY, body);
      assert.match(message, /the body is not JSON: /);
    }
    await refused(400, 'POST', ANOMALY, '{"__proto__": {"admin": true}}');
  });

  it('of wrong types, unknown keys and values out of range is reported field by field', async () => {
    const { errors } = await refused(422, 'POST', ANOMALY, {
      anomaly_type: 7,
      severity: 5.1,
      duration_seconds: '300',
      machine_id: '',
      sevrity: 2,
      colour: 'red',
    });
    assert.deepEqual(errors, {
      anomaly_type: '7 is not accepted; text from 1 to 64 characters',
      severity: '5.1 is not accepted; a number from 1 to 5',
      duration_seconds: '"300" is not accepted; a whole number from 10 to 2592000',
      machine_id:
        '"" is not accepted; an id of 8-4-4-4-12 hexadecimal digits, or the name of a machine',
      sevrity: 'is not a known key; did you mean severity?',
      colour:
        'is not a known key; accepted are anomaly_type, severity, duration_seconds, machine_id',
    });
  });

  it('barely or infinitely out of range is refused', async () => {
    for (const [severity, found] of [
      ['0.999', '0.999'],
      ['5.001', '5.001'],
      ['-1', '-1'],
      ['1e999', 'Infinity'],
      ['-1e999', '-Infinity'],
    ]) {
      const body = `{"anomaly_type":"leak","severity":${severity}}`;
      const { errors } = await refused(422, 'POST', ANOMALY, body);
      assert.equal(errors['severity'], `${found} is not accepted; a number from 1 to 5`);
    }
    for (const duration of ['9', '2592001', '10.5', '1e999'])
      await refused(422, 'POST', ANOMALY, `{"anomaly_type":"leak","duration_seconds":${duration}}`);
    for (const share of ['-0.1', '1.1', '"0.5"', 'null'])
      await refused(422, 'PUT', '/simulator/config', `{"anomaly_probability":${share}}`);
  });

  it('that lacks a required field is refused with its name', async () => {
    const empty = await refused(422, 'POST', ANOMALY, {});
    assert.match(empty.errors['anomaly_type'] ?? '', /is required/);
    await refused(422, 'POST', ANOMALY);
    const nothing = await refused(422, 'PUT', '/simulator/config', {});
    assert.match(nothing.errors['body'] ?? '', /at least one of simulation_speed/);
  });

  it('that is not an object is refused', async () => {
    for (const body of ['[]', '"leak"', '7', 'true', 'null']) {
      await refused(422, 'POST', ANOMALY, body);
      await refused(422, 'PUT', '/simulator/config', body);
    }
    for (const body of ['[]', '"leak"', '7', 'true', '{"machine_ids":[]}', '{"machine_ids":"all"}'])
      await refused(422, 'POST', '/simulator/stop', body);
  });

  it('that changes the registry of a factory file is a conflict', async () => {
    const pump = { factory_id: NOBODY, name: 'Pump', type: 'pump' };
    for (const [method, path, body] of [
      ['POST', 'machines', pump],
      ['PUT', `machines/${COMPRESSOR}`, { name: 'Air' }],
      ['DELETE', `machines/${COMPRESSOR}`, undefined],
      ['POST', 'factories', { name: 'Works' }],
      ['DELETE', `factories/${NOBODY}?purge=true`, undefined],
    ] as const)
      assert.match((await refused(409, method, `/simulator/${path}`, body)).message, /read-only/);
  });

  it('with an unknown id is not found, with a malformed one invalid', async () => {
    for (const url of [
      `/simulator/machines/${NOBODY}`,
      `/simulator/machines/${NOBODY}/readings`,
      `/simulator/factories/${NOBODY}`,
      `/simulator/machines?factory_id=${NOBODY}`,
      `/simulator/stream?machine_ids=${NOBODY}`,
    ])
      assert.match((await refused(404, 'GET', url)).message, new RegExp(NOBODY));
    await refused(404, 'DELETE', `/simulator/machines/${NOBODY}/anomaly`);
    for (const id of [
      '7',
      `${COMPRESSOR}0`,
      'g0000000-0000-0000-0000-000000000001',
      '%00',
      '..%2F..',
    ])
      for (const url of [
        `/simulator/machines/${id}`,
        `/simulator/machines/${id}/readings`,
        `/simulator/factories/${id}`,
        `/simulator/machines?factory_id=${id}`,
        `/simulator/stream?machine_ids=${id}`,
      ])
        await refused(422, 'GET', url);
  });

  it('in a query is reported key by key', async () => {
    const url = '/simulator/machines?limit=0&offset=-1&running=maybe&type=compresser&colour=red';
    const { errors } = await refused(422, 'GET', url);
    assert.deepEqual(Object.keys(errors).sort(), ['colour', 'limit', 'offset', 'running', 'type']);
    assert.match(errors['type'] ?? '', /one of boiler, compressor, /);
    await refused(422, 'GET', '/simulator/machines?limit=1&limit=2');
  });

  it('of a content type other than JSON is refused', async () => {
    const { message } = await refused(415, 'POST', ANOMALY, 'leak', {
      'content-type': 'text/plain',
    });
    assert.match(message, /application\/json/);
    await refused(415, 'POST', ANOMALY, '<leak/>', { 'content-type': 'application/xml' });
  });

  it('at an unknown address or with an unknown method is refused', async () => {
    await refused(404, 'GET', '/simulator/machine');
    await refused(400, 'GET', '/simulator/machines/%E0%A4%A');
    const response = await simulation.app.inject({ method: 'DELETE', url: '/simulator/config' });
    assert.equal(response.statusCode, 405);
    assert.equal(response.headers.allow, 'GET, HEAD, PUT');
  });

  it('of more than a megabyte is refused before it is read', async () => {
    const body = JSON.stringify({ anomaly_type: 'x'.repeat(1024 * 1024) });
    assert.match((await refused(413, 'POST', ANOMALY, body)).message, /1 MB/);
  });

  it('of 100 MB is refused by its declared length, and the connection closed', async () => {
    const { port } = simulation.app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    const head = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 104857600'];
    socket.write(`POST ${ANOMALY} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n{"anomaly_type":"`);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await once(socket, 'end');
    socket.destroy();
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 413 .*"success":false/s);
  });

  it('of endless length is cut off after a megabyte', async () => {
    const { port } = simulation.app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    const head = [
      'Host: localhost',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    socket.write(`POST ${ANOMALY} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    let isOver = false;
    let written = 0;
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    for (const event of ['end', 'error', 'close'] as const)
      socket.on(event, () => {
        isOver = true;
      });
    const block = 'x'.repeat(65_536);
    while (!isOver && written < 100 * 1024 * 1024) {
      written += block.length;
      if (!socket.write(`10000\r\n${block}\r\n`))
        await Promise.race(['drain', 'end', 'close'].map((event) => once(socket, event))).catch(
          () => {},
        );
    }
    socket.destroy();
    assert.ok(written < 50 * 1024 * 1024, `${written} bytes were taken`);
    assert.match(Buffer.concat(chunks).toString(), /^(HTTP\/1\.1 413 |$)/);
    assert.equal((await simulation.app.inject('/health')).statusCode, 200);
  });

  it('that is not HTTP is answered with an error too', async () => {
    const { port } = simulation.app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    socket.write('hello\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await once(socket, 'end');
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 .*"success":false/s);
  });

  it('about time names the limit', async () => {
    const cases: [query: string, path: string, message: RegExp][] = [
      ['from=2026-06-01T11:00:00Z&to=2026-06-01T10:00:00Z', 'to', /is not after/],
      ['from=2026-06-01T11:00:00Z&to=2026-06-01T11:00:00Z', 'to', /is not after/],
      ['to=2026-06-01T12:00:01Z', 'to', /in the future.*2026-06-01T12:00:00Z/],
      ['from=2016-06-01T00:00:00Z&to=2026-06-01T00:00:00Z', 'to', /3652 days.*366 days/],
      ['from=1970-01-01T00:00:00Z&to=1970-06-01T00:00:00Z', 'from', /1971/],
      ['from=2026-02-30T00:00:00Z', 'from', /not a valid date and time/],
      ['from=2026-06-01T24:30:00Z', 'from', /not a valid date and time/],
      ['from=yesterday', 'from', /an instant like/],
      ['from=2026-06', 'from', /an instant like/],
      ['from=2026-02-30', 'from', /not a valid date and time/],
      ['from=2026-06-01T10:00:00', 'from', /an instant like/],
      ['from=2026-06-01T10:00:00+02:00', 'from', /%2B/],
      ['from=1780300000', 'from', /an instant like/],
      ['begin=2026-06-01T10:00:00Z', 'begin', /from, to/],
    ];
    for (const [query, path, message] of cases) {
      const { errors } = await refused(422, 'GET', `${READINGS}?${query}`);
      assert.match(errors[path] ?? '', message, query);
    }
  });

  it('never ends the process', async () => {
    await simulation.pass(10);
    assert.equal((await simulation.app.inject('/health')).json().status, 'healthy');
  });
});
