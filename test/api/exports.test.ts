import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { firstDifference, openDataset } from '../../src/dataset/comparison.ts';
import { digestOf } from '../../src/stories/told.ts';
import { csvRows, filesIn, freshFolder, made, requestOf } from '../dataset/request.ts';
import {
  COMPRESSOR,
  NOBODY,
  NOON_MS,
  PUMP,
  type Simulation,
  startSimulation,
} from '../simulation.ts';
import { sharedStore } from '../store/places.ts';
import { until } from '../until.ts';

const PATH = '/simulator/exports';
const HOUR = { from: '2026-06-01T11:00:00Z', to: '2026-06-01T12:00:00Z', format: 'csv' };
const DAY = { from: '2026-05-31T00:00:00Z', to: '2026-06-01T00:00:00Z', partition: 'month' };
const YEAR = { from: '2025-06-01T00:00:00Z', to: '2026-06-01T00:00:00Z', partition: 'month' };

/** Polling interval: polling without a pause would take a core from the export [ms]. */
const POLL_MS = 10;
/** More than the buffers between a server and a client that does not read can hold [bytes]. */
const UNREAD_BYTES = 10_000_000;
/** Responses computed at the same time for all clients. */
const PLACES = 12;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly share: number;
  readonly error: string | null;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

describe('exports through the API', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation({
      store: await sharedStore('PGlite'),
      env: { DATA_DIR: freshFolder() },
      requestsPerMinute: 1e9,
    });
  });
  after(() => simulation.close());

  async function ask(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
    const request = payload ? { method, url, payload } : { method, url };
    const response = await simulation.app.inject(request);
    return { status: response.statusCode, body: response.json() };
  }

  async function ended(wish: object): Promise<Shown> {
    const { status, body } = await ask('POST', PATH, wish);
    assert.equal(status, 202, JSON.stringify(body));
    for (;;) {
      const { body: shown } = await ask('GET', `${PATH}/${body.data.id}`);
      if (shown.state !== 'running') return shown;
      await pause(POLL_MS);
    }
  }

  /** Fetches every file of an export into a folder, as a client would. */
  async function downloaded({ id, files }: Shown): Promise<string> {
    const folder = freshFolder();
    for (const { path, bytes } of files) {
      const address = path.split('/').map(encodeURIComponent).join('/');
      const response = await simulation.app.inject(`${PATH}/${id}/files/${address}`);
      assert.equal(response.statusCode, 200, path);
      assert.equal(response.rawPayload.length, bytes, path);
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), response.rawPayload);
    }
    return folder;
  }

  it('equal what generate writes for the same window, file by file', async () => {
    const wish = { ...HOUR, machines: ['hydraulic-pump-1'], labels: true, resample_seconds: 60 };
    const shown = await ended(wish);
    assert.deepEqual([shown.state, shown.share, shown.error], ['done', 1, null]);
    const { factories, settings } = simulation.configuration;
    const { folder } = await made(
      requestOf({
        factories,
        settings,
        fromMs: NOON_MS - 3_600_000,
        machineIds: [PUMP],
        hasLabels: true,
        resampleMs: 60_000,
      }),
    );
    assert.equal(
      firstDifference(openDataset(await downloaded(shown)), openDataset(folder)),
      undefined,
    );
  });

  it('tell scenarios besides, as generate does, and leave the factory alone', async () => {
    const scenario = {
      name: 'tale',
      events: [
        { id: 'lost', at: '10m', duration: '5m', defect: { machines: PUMP, kind: 'gap' } },
        { id: 'seal', at: '20m', fault: { machine: PUMP, type: 'seal_leak', severity: 3 } },
      ],
    };
    const text = JSON.stringify(scenario);
    const told = { scenarios: [scenario], scenario_start: HOUR.from, true: true };
    const wish = { ...HOUR, machines: [PUMP], labels: true, ...told, without: ['seal'] };
    const shown = await ended(wish);
    assert.deepEqual([shown.state, shown.error], ['done', null]);
    const { factories, settings } = simulation.configuration;
    const stories = [
      { text, file: 'tale', digest: digestOf(text), startS: (NOON_MS - 3_600_000) / 1000 },
    ];
    const { folder } = await made(
      requestOf({
        factories,
        settings,
        fromMs: NOON_MS - 3_600_000,
        machineIds: [PUMP],
        hasLabels: true,
        stories,
        hasTrue: true,
        without: ['seal'],
      }),
    );
    assert.equal(
      firstDifference(openDataset(await downloaded(shown)), openDataset(folder)),
      undefined,
    );
    const { body } = await ask('GET', `${PATH}/${shown.id}`);
    assert.deepEqual([body.scenarios, body.true, body.without], [['tale'], true, ['seal']]);
    assert.deepEqual((await ask('GET', '/simulator/scenarios')).body, []);
  });

  it('include instrument defects that clients asked for', async () => {
    const defect = { kind: 'scale', fields: ['energy_kwh'], unit: 'Wh', duration_seconds: 600 };
    const { status, body } = await ask('POST', `/simulator/machines/${PUMP}/defect`, defect);
    assert.equal(status, 200, JSON.stringify(body));
    const nowMs = simulation.simulator.clock.nowMs();
    await simulation.pass(1200);
    const window = {
      from: new Date(1000 * Math.floor(nowMs / 1000)).toISOString(),
      to: new Date(1000 * Math.floor(nowMs / 1000) + 1_200_000).toISOString(),
    };
    const shown = await ended({ ...window, format: 'csv', machines: [PUMP], labels: true });
    assert.deepEqual([shown.state, shown.error], ['done', null]);
    const folder = await downloaded(shown);
    const rows = csvRows(folder, 'energy', 'factory=demo/2026-06-01.csv');
    const [row = {}] = csvRows(folder, 'defects.csv');
    assert.equal(Number(row['readings_affected']), 20);
    assert.equal(rows.filter((each) => each['defect_kind'] === 'scale').length, 20);
    assert.ok(shown.files.some(({ path }) => path === 'expected.csv'));
  });

  it('are refused with everything that is wrong with scenarios', async () => {
    const refused = async (wish: object) => {
      const { status, body } = await ask('POST', PATH, { ...HOUR, ...wish });
      assert.equal(status, 422, JSON.stringify(body));
      return body.errors.map(({ path, message }: Record<string, string>) => `${path}: ${message}`);
    };
    assert.deepEqual(await refused({ true: true, without: ['x'] }), [
      'true: needs scenarios; the factory has no story either',
      'without: needs scenarios; the factory has no story either',
    ]);
    const pump = { id: 'lost', at: HOUR.from, defect: { machines: PUMP, kind: 'gap' } };
    const scenarios = [{ name: 'tale', events: [pump] }];
    assert.deepEqual(await refused({ scenarios, without: ['lots'] }), [
      'without.0: lots is not an event of a scenario; did you mean lost?',
    ]);
    const wrong = [{ name: 'tale', events: [{ ...pump, defect: { kind: 'gab' } }] }];
    const [error = ''] = await refused({ scenarios: wrong });
    assert.match(error, /events\.0\.defect\.kind: "gab" is not a defect; did you mean gap\?/);
  });

  it('can be downloaded as one archive', async () => {
    const shown = await ended({ ...HOUR, machines: [PUMP] });
    const response = await simulation.app.inject(`${PATH}/${shown.id}/download`);
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-type'], 'application/x-tar');
    const folder = freshFolder();
    mkdirSync(folder);
    const { status, stderr } = spawnSync('tar', ['-x'], {
      cwd: folder,
      input: response.rawPayload,
    });
    assert.equal(status, 0, String(stderr));
    const unpacked = join(folder, `dataset-${shown.id.slice(0, 8)}`);
    const side = openDataset(await downloaded(shown));
    assert.equal(firstDifference(openDataset(unpacked), side), undefined);
    assert.equal(filesIn(unpacked).length, shown.files.length);
  });

  it('include all commands to the factory, as delivered', async () => {
    const anomaly = { anomaly_type: 'leak', severity: 4, duration_seconds: 1200 };
    await ask('POST', `/simulator/machines/${COMPRESSOR}/anomaly`, anomaly);
    await simulation.pass(600);
    await ask('POST', '/simulator/stop', { machine_ids: [PUMP] });
    await simulation.pass(3000);
    const window = { from: '2026-06-01T12:00:00Z', to: '2026-06-01T13:00:00Z' };
    const shown = await ended({ ...window, format: 'csv', clean: true });
    const folder = await downloaded(shown);
    const file = 'factory=demo/2026-06-01.csv';
    const rows = csvRows(folder, 'energy', file);
    for (const id of [COMPRESSOR, PUMP]) {
      const query = new URLSearchParams(window);
      const delivered = await ask('GET', `/simulator/machines/${id}/readings?${query}`);
      assert.deepEqual(
        rows.filter((row) => row['machine_id'] === id).map((row) => Number(row['power_kw'])),
        delivered.body.map((reading: { power_kw: number }) => reading.power_kw),
      );
    }
    const [leak, ...others] = csvRows(folder, 'anomalies.csv');
    assert.deepEqual(others, []);
    assert.deepEqual([leak?.['anomaly_type'], leak?.['origin']], ['leak', 'injected']);
    const energyKwh = (table: string) =>
      csvRows(folder, table, file)
        .filter((row) => row['machine_id'] === COMPRESSOR)
        .reduce((sum, row) => sum + Number(row['energy_kwh']), 0);
    const excessKwh = energyKwh('energy') - energyKwh('clean/energy');
    assert.ok(excessKwh > 1, `${excessKwh} kWh`);
    assert.ok(Math.abs(excessKwh - Number(leak?.['excess_energy_kwh'])) < 1e-6);
    assert.equal(csvRows(folder, 'clean/energy', file).length, rows.length);
  });

  it('report their progress, and stop when removed', async () => {
    const { body } = await ask('POST', PATH, YEAR);
    const { id, state, rows_total } = body.data;
    assert.equal(state, 'running');
    let share = 0;
    while (share === 0) {
      await pause(POLL_MS);
      share = (await ask('GET', `${PATH}/${id}`)).body.share;
    }
    assert.ok(share < 1 && rows_total > 100_000_000, `${share} of ${rows_total}`);
    assert.equal((await ask('GET', PATH)).body[0].id, id);
    for (const path of ['files/manifest.json', 'download'])
      assert.equal((await ask('GET', `${PATH}/${id}/${path}`)).status, 409);
    const removed = await ask('DELETE', `${PATH}/${id}`);
    assert.deepEqual([removed.status, removed.body.message], [200, 'the export was cancelled']);
    assert.equal((await ask('GET', `${PATH}/${id}`)).status, 404);
    assert.equal((await ask('DELETE', `${PATH}/${id}`)).status, 404);
  });

  it('that are impossible are refused with the accepted values', async () => {
    const cases: [wish: object, path: string, message: RegExp][] = [
      [{ ...HOUR, to: HOUR.from }, 'to', /is not after/],
      [{ ...HOUR, to: '2040-06-01T00:00:00Z' }, 'to', /accepted are 3660 days/],
      [{ ...HOUR, from: undefined }, 'from', /is required/],
      [{ ...HOUR, machines: ['Hydraulic-Pmp-1'] }, 'machines.0', /did you mean Hydraulic-Pump-1/],
      [{ ...HOUR, machines: [] }, 'machines', /a list from 1 to/],
      [{ ...HOUR, compress: 'zstd' }, 'compress', /csv files are written with none or gzip/],
      [{ ...HOUR, resample_seconds: 45 }, 'resample_seconds', /45 is not a multiple of 10, the/],
      [{ ...HOUR, format: 'xlsx' }, 'format', /parquet, csv, jsonl/],
      [{ ...HOUR, seed: 7 }, 'seed', /not a known key/],
      [
        { ...HOUR, from: '2016-06-01T12:00:00Z' },
        'to',
        /rows are too many; at most 250000000 are accepted/,
      ],
      [{ ...HOUR, to: '2026-06-01T11:00:00.5Z' }, 'to', /no machine reports in this window/],
    ];
    const before = (await ask('GET', PATH)).body.length;
    for (const [wish, path, message] of cases) {
      const { status, body } = await ask('POST', PATH, wish);
      assert.equal(status, 422, JSON.stringify(body));
      const fault = body.errors.find((error: { path: string }) => error.path === path);
      assert.match(fault?.message ?? '', message, JSON.stringify(body));
    }
    assert.equal((await ask('GET', PATH)).body.length, before);
  });

  it('serve only files of their own', async () => {
    const { id } = await ended({ ...HOUR, machines: [PUMP] });
    for (const path of [
      '../export.json',
      '..%2Fexport.json',
      '%2e%2e/export.json',
      'energy/..%2f..%2fexport.json',
      '%2Fetc%2Fpasswd',
      'energy',
      'manifest.json%00',
    ]) {
      const response = await simulation.app.inject(`${PATH}/${id}/files/${path}`);
      assert.ok([400, 404, 422].includes(response.statusCode), `${path}: ${response.statusCode}`);
      assert.doesNotMatch(response.body, /root:|"asked"/, path);
    }
    const unknown = await ask('GET', `${PATH}/${NOBODY}/files/manifest.json`);
    assert.equal(unknown.status, 404);
  });

  it('that are not read leave room for others: one address gets half of the downloads', async (t) => {
    const { app } = simulation;
    await app.listen({ port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const shown = await ended({ ...DAY, format: 'csv' });
    const [largest] = shown.files.toSorted((a, b) => b.bytes - a.bytes);
    assert.ok(largest && largest.bytes > UNREAD_BYTES, `${largest?.bytes} bytes`);
    const paths = [`files/${encodeURIComponent(largest.path)}`, 'download'];
    const sockets: Socket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const asked = async (path: string, localAddress: string): Promise<number> => {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      sockets.push(socket);
      socket.write(`GET ${PATH}/${shown.id}/${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const [head] = (await once(socket, 'data')) as [Buffer];
      socket.pause();
      return Number(head.toString('latin1', 9, 12));
    };
    const granted = async (address: string, count: number) => {
      const statuses = await Promise.all(
        Array.from({ length: count }, (_, i) => asked(paths[i % 2] ?? '', address)),
      );
      const full = statuses.filter((status) => status === 200).length;
      assert.equal(statuses.filter((status) => status === 429).length, count - full);
      return full;
    };
    assert.equal(await granted('127.0.0.1', 300), PLACES / 2);
    assert.equal(await granted('127.0.0.2', 20), PLACES / 2);
    assert.equal(await granted('127.0.0.3', 2), 0);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await asked(paths[0] ?? '', '127.0.0.3')) !== 429);
  });

  it('can be started and removed only by clients that may make changes', async () => {
    const payload = { ...HOUR };
    const remoteAddress = '203.0.113.9';
    const made = await simulation.app.inject({ method: 'POST', url: PATH, payload, remoteAddress });
    assert.equal(made.statusCode, 403);
    const url = `${PATH}/${NOBODY}`;
    const removed = await simulation.app.inject({ method: 'DELETE', url, remoteAddress });
    assert.equal(removed.statusCode, 403);
  });
});
