/** What opens at the same time, and what is closed again if one of it fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import type { ConfigError } from '../../src/core/errors.ts';
import { assemble } from '../../src/service/assembly.ts';
import { FolderLock } from '../../src/store/locks/folder-lock.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { freePort } from '../servers.ts';

const LOG = { info: () => {}, warn: () => {} };

function configurationIn(t: TestContext, port: number) {
  const folder = mkdtempSync(join(tmpdir(), 'opening-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { DATA_DIR: join(folder, 'data'), MQTT_PORT: String(port) };
  return loadConfiguration({ env, cwd: folder });
}

test('the embedded broker, which opens before the store, is closed if the store is in use', async (t) => {
  const port = await freePort();
  const configuration = configurationIn(t, port);
  const lock = await FolderLock.acquire(configuration.dataDir);
  t.after(() => lock.release());
  await assert.rejects(assemble(configuration, LOG), ({ kind }: StoreError) => kind === 'locked');
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test('a store, whose broker finds its port taken, can be opened again', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const configuration = configurationIn(t, (server.address() as { port: number }).port);
  await assert.rejects(assemble(configuration, LOG), ({ faults }: ConfigError) =>
    faults.some(({ path }) => path === 'MQTT_PORT'),
  );
  const lock = await FolderLock.acquire(configuration.dataDir);
  await lock.release();
});

test('a factory on a new store has begun although no reading is due yet', async (t) => {
  const configuration = configurationIn(t, await freePort());
  const assembly = await assemble(configuration, LOG);
  const running = assembly.run();
  await assembly.begun;
  assert.notEqual(assembly.simulator.sinks[0]?.state, 'starting');
  await assembly.stop();
  await running;
});
