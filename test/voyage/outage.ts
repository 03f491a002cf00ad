import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Client } from './client.ts';
import { SimulatorProcess } from './simulator-process.ts';
import { Past } from './uninterrupted.ts';
import { accelerated, embeddedHome, postgresHome, witnessedMosquitto } from './voyage.ts';

const SPEED = 120;
/** At most this number of messages between two outages. */
const MESSAGES_MAX = 1500;

/** How often each server dies alone, and how often both die together. */
export interface OutageVoyage {
  readonly outages: number;
  readonly seed: number;
}

/**
 * A simulator whose broker and database are killed (`-9`) repeatedly. It reports that,
 * refuses what it cannot record, and in the end everything is as if nothing had happened.
 */
export async function outageVoyage(t: TestContext, voyage: OutageVoyage): Promise<void> {
  t.diagnostic(`seed ${voyage.seed}`);
  const { mosquitto, witness, env: broker } = await witnessedMosquitto(t);
  const { dataDir, env: folder } = await embeddedHome();
  const { postgres, server, env: database } = await postgresHome(t);
  const env = { ...accelerated(SPEED), ...folder, ...broker, ...database };
  const simulator = new SimulatorProcess(env);
  await simulator.logged(/^running$/);
  const client = new Client(folder.API_PORT, voyage.seed);
  const servers = { mqtt: mosquitto, postgres } as const;
  const kinds = [['mqtt'], ['postgres'], ['mqtt', 'postgres']] as const;
  let confirmed = 0;
  for (let outage = 0; outage < kinds.length * voyage.outages; outage++) {
    const names = kinds[outage % kinds.length] as (typeof kinds)[number];
    const goal = witness.count + 1 + client.below(MESSAGES_MAX);
    await witness.until(() => witness.count >= goal, simulator);
    const first = simulator.log.length;
    await Promise.all(names.map((name) => servers[name].kill()));
    for (const name of names)
      await simulator.logged(new RegExp(`^${name} does not take readings`), first);
    const isStoreAway = names.some((name) => name === 'postgres');
    assert.equal(await client.inject(), isStoreAway ? 503 : 200, `without ${names}`);
    if (!isStoreAway) confirmed++;
    await Promise.all(names.map((name) => servers[name].restart()));
    for (const name of names) await simulator.logged(new RegExp(`^${name} takes readings`), first);
  }
  const endMs = witness.latestMs + 120_000;
  await witness.until(() => witness.latestMs > endMs, simulator);
  assert.equal(await simulator.stop(), 0);
  await witness.farewell();

  const past = await Past.read({ dataDir, server });
  assert.equal(past.fleet.journal.events.length, confirmed, 'refused commands left no trace');
  t.diagnostic(`${past.assertSaid(witness)} messages`);
  t.diagnostic(`${await past.assertStored(postgres, server)} rows`);
}
