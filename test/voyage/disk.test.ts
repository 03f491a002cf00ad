/** A full, read-only or damaged disk, as the operator of the simulator sees it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { freePort } from '../servers.ts';
import { embeddedFolder, mounted } from '../store/places.ts';
import { Client } from './client.ts';
import { SimulatorProcess } from './simulator-process.ts';
import { Past } from './uninterrupted.ts';
import { waiting } from './voyage.ts';
import { Witness } from './witness.ts';

/** Fails unless a simulator on a folder exits with one line that gives the reason. */
async function assertRefuses(dataDir: string, why: RegExp): Promise<void> {
  const API_PORT = String(await freePort());
  const simulator = new SimulatorProcess({ DATA_DIR: dataDir, API_PORT, ...(await waiting(1)) });
  assert.equal(await simulator.ended, 1);
  assert.match(simulator.errors, /^[^\n]+\n$/);
  assert.match(simulator.errors, why);
  assert.ok(simulator.errors.includes(dataDir), simulator.errors);
}

test('on a disk without space for its database it exits with a message', async (t) => {
  const folder = mounted(t, 'size=12m');
  if (folder) await assertRefuses(folder, /has no room left on its disk/);
});

test('on a read-only disk it exits with a message', async (t) => {
  const folder = mounted(t, 'size=100m');
  if (!folder) return;
  cpSync(await embeddedFolder(), folder, { recursive: true });
  spawnSync('mount', ['-o', 'remount,ro', folder]);
  await assertRefuses(folder, /is not writable/);
});

test('with a damaged database it exits with a message and leaves it unchanged', async () => {
  const folder = await embeddedFolder();
  const control = join(folder, 'database/global/pg_control');
  truncateSync(control, 9);
  const catalogue = readFileSync(join(folder, 'database/base/5/1259'));
  await assertRefuses(
    folder,
    /is damaged; restore the folder, or move it away to start with a new one/,
  );
  assert.equal(readFileSync(control).length, 9);
  assert.ok(readFileSync(join(folder, 'database/base/5/1259')).equals(catalogue));
});

test('on a disk that fills up it keeps publishing, and refuses what it cannot store', async (t) => {
  const folder = mounted(t, 'size=80m');
  if (!folder) return;
  cpSync(await embeddedFolder(), folder, { recursive: true });
  const env = {
    ...(await waiting(60)),
    DATA_DIR: folder,
    API_PORT: String(await freePort()),
  };
  const simulator = new SimulatorProcess(env);
  await simulator.logged(/^running$/);
  const witness = await Witness.open('127.0.0.1', Number(env.MQTT_PORT));
  t.after(() => witness.close());
  const client = new Client(env.API_PORT, 5);
  await client.start();

  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize));
  let status = 200;
  while (status === 200) status = await client.inject();
  assert.equal(status, 503);
  await simulator.logged(/^the journal cannot be written/);
  const health = async () =>
    (await fetch(`http://127.0.0.1:${env.API_PORT}/health`)).json() as Promise<{
      status: string;
      problems: { part: string; reason: string }[];
    }>;
  const full = await health();
  assert.equal(full.status, 'degraded');
  const refusing = full.problems.find(({ part }) => part === 'journal');
  assert.match(
    refusing?.reason ?? '',
    /^commands are refused: the embedded database in .*(has no room left|No space left)/,
  );
  const before = witness.count;
  await witness.until(() => witness.count > before + 500, simulator);
  rmSync(join(folder, 'ballast'));
  while (status !== 200) status = await client.inject();
  await simulator.logged(/^the journal can be written again/);
  let well = await health();
  while (well.status !== 'healthy') well = await health();
  assert.deepEqual(well.problems, []);

  const kept = client.injected.length;
  const goal = witness.count + 500;
  await witness.until(() => witness.count > goal, simulator);
  assert.equal(await simulator.stop(), 0);
  await witness.farewell();
  const past = await Past.read({ dataDir: folder });
  const faults = past.fleet.journal.events.filter(({ kind }) => kind === 'inject');
  assert.equal(faults.length, kept, 'what was confirmed is kept, and nothing else');
  t.diagnostic(`${kept} events, ${past.assertSaid(witness)} messages`);
});
