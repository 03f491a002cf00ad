import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib';
import { freshFolder } from '../dataset/request.ts';
import { COMPRESSOR, PUMP, type Simulation, startSimulation } from '../simulation.ts';
import { sharedStore } from '../store/places.ts';
import { until } from '../until.ts';
import { listen } from '../web/chromium.ts';

const READINGS = `/simulator/machines/${COMPRESSOR}/readings`;
const YEAR = '?from=2025-06-01T12:00:00Z';
/** Far less than a year of readings, of several gigabytes. */
const GROWTH_MAX_BYTES = 150_000_000;

describe('large answers', () => {
  let simulation: Simulation;
  let url: string;
  before(async () => {
    const store = await sharedStore('PGlite');
    const env = { DATA_DIR: freshFolder() };
    simulation = await startSimulation({ store, env });
    url = await listen(simulation);
  });
  after(() => simulation.close());

  /** The head of a response, whose body is still encoded. */
  async function ask(path: string, encodings: string, more: object = {}): Promise<IncomingMessage> {
    const headers = { 'accept-encoding': encodings, ...more };
    const [response] = await once(request(url + path, { headers }).end(), 'response');
    return response as IncomingMessage;
  }

  async function bodyOf(response: IncomingMessage): Promise<Buffer> {
    return Buffer.concat(await response.toArray());
  }

  it('are compressed as the client accepts it, and are the same then', async () => {
    const csv = { accept: 'text/csv' };
    const plain = await bodyOf(await ask(READINGS, '', csv));
    for (const [accepted, encoding] of [
      ['gzip', 'gzip'],
      ['gzip, deflate, br', 'br'],
      ['br;q=0.5, gzip;q=0.9', 'gzip'],
      ['*', 'br'],
      ['gzip;q=0', undefined],
      ['deflate', undefined],
    ] as const) {
      const response = await ask(READINGS, accepted, csv);
      const body = await bodyOf(response);
      assert.equal(response.headers['content-encoding'], encoding, accepted);
      assert.equal(response.headers.vary, 'Accept, Accept-Encoding');
      const decode = { gzip: gunzipSync, br: brotliDecompressSync, none: (same: Buffer) => same };
      assert.ok(decode[encoding ?? 'none'](body).equals(plain), accepted);
      if (encoding) assert.ok(body.length < plain.length / 3, `${accepted}: ${body.length} bytes`);
    }
  });

  it('of JSON and files of pages have the length of what is sent', async () => {
    const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
    const [script = ''] = /dashboard\/main[^"]+/.exec(page) ?? [];
    for (const path of ['/openapi.json', '/simulator/info', `/${script}`]) {
      const plain = await bodyOf(await ask(path, ''));
      for (const times of [1, 2]) {
        const response = await ask(path, 'gzip');
        const body = await bodyOf(response);
        assert.equal(Number(response.headers['content-length']), body.length, `${path} ${times}`);
        assert.ok(gunzipSync(body).equals(plain), path);
        assert.ok(body.length < plain.length / 2, path);
        assert.equal(response.headers.vary, 'Accept-Encoding');
      }
    }
  });

  it('are not compressed if they are small, or compressed already', async () => {
    const small = await ask('/health', 'gzip, br');
    await bodyOf(small);
    assert.deepEqual(
      [small.headers['content-encoding'], small.headers.vary],
      [undefined, undefined],
    );
    const payload = { from: '2026-06-01T08:00:00Z', to: '2026-06-01T10:00:00Z', machines: [PUMP] };
    const headers = { 'content-type': 'application/json' };
    for (const compress of ['gzip', 'none']) {
      const body = JSON.stringify({ ...payload, format: 'csv', compress });
      await fetch(`${url}/simulator/exports`, { method: 'POST', headers, body });
      const latest = `${url}/simulator/exports/latest`;
      type Export = { state: string; files: { path: string; sha256: string; table: string }[] };
      const read = async () => (await (await fetch(latest)).json()) as Export;
      await until(async () => (await read()).state === 'done');
      const { path } = (await read()).files.find(({ table }) => table === 'energy') ?? { path: '' };
      const file = await ask(`/simulator/exports/latest/files/${path}`, 'gzip');
      await bodyOf(file);
      const isCompressed = compress === 'none' ? 'gzip' : undefined;
      assert.equal(file.headers['content-encoding'], isCompressed, path);
    }
  });

  it('that are streamed arrive piece by piece', async () => {
    for (const [accepted, decoder] of [
      ['gzip', createGunzip()],
      ['br', createBrotliDecompress()],
    ] as const) {
      const response = await ask(READINGS + YEAR, accepted, { accept: 'application/x-ndjson' });
      const [piece] = (await once(response.pipe(decoder), 'data')) as [Buffer];
      const [line = ''] = piece.toString().split('\n');
      assert.equal(JSON.parse(line).time, '2025-06-01T12:00:01Z');
      response.destroy();
    }
  });

  it('do not include live events, which arrive at once', async () => {
    const response = await ask('/simulator/stream', 'gzip, br');
    assert.equal(response.headers['content-encoding'], undefined);
    let text = '';
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await simulation.pass(1);
    await until(() => text.includes('event: reading'));
    response.destroy();
  });
});

test('a client that does not read a compressed answer takes no memory, and is cut off', async (t) => {
  const simulation = await startSimulation({ stalledMs: 400 });
  t.after(() => simulation.close());
  const { port } = new URL(await listen(simulation));
  const before = process.memoryUsage().rss;
  const socket = connect(Number(port), '127.0.0.1').pause();
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const head = ['Host: localhost', 'Accept: text/csv', 'Accept-Encoding: gzip'].join('\r\n');
  socket.write(`GET ${READINGS}${YEAR} HTTP/1.1\r\n${head}\r\n\r\n`);
  const openCount = promisify(simulation.app.server.getConnections.bind(simulation.app.server));
  await until(async () => (await openCount()) === 1);
  await until(async () => (await openCount()) === 0);
  const grownBytes = process.memoryUsage().rss - before;
  assert.ok(grownBytes < GROWTH_MAX_BYTES, `${grownBytes} bytes`);
});
