import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Client } from './client.ts';
import { SimulatorProcess } from './simulator-process.ts';
import { Past } from './uninterrupted.ts';
import { accelerated, embeddedHome, postgresHome, witnessedMosquitto } from './voyage.ts';
import type { Witness } from './witness.ts';

const SPEED = 120;
/** It is killed after at most this number of messages. */
const MESSAGES_MAX = 1000;
/** Messages between two commands. */
const MESSAGES_BETWEEN = 100;

/** How often a simulator is killed, and where its store is. */
export interface KillVoyage {
  readonly home: 'PGlite' | 'PostgreSQL';
  readonly kills: number;
  readonly seed: number;
}

/**
 * A simulator that is killed (`-9`) at random moments while a client sends commands,
 * and started again each time. In the end everything is as if nothing had happened.
 */
export async function killVoyage(t: TestContext, { home, kills, seed }: KillVoyage): Promise<void> {
  t.diagnostic(`seed ${seed}`);
  const { witness, env: broker } = await witnessedMosquitto(t);
  const { dataDir, env: folder } = await embeddedHome();
  const database = home === 'PostgreSQL' ? await postgresHome(t) : undefined;
  const env = { ...accelerated(SPEED), ...folder, ...broker, ...database?.env };
  const client = new Client(folder.API_PORT, seed);
  for (let kill = 0; kill < kills; kill++) {
    const simulator = new SimulatorProcess(env);
    const acting = act(client, simulator, witness);
    // Sometimes while it is still starting, or catching up on what it missed.
    if (client.below(3) > 0) await simulator.logged(/^running$/);
    const goal = witness.count + 1 + client.below(MESSAGES_MAX);
    await witness.until(() => witness.count >= goal, simulator);
    await simulator.kill();
    await acting;
  }
  const last = new SimulatorProcess(env);
  await last.logged(/^running$/);
  // By then every machine has published something, whatever its interval.
  const endMs = witness.latestMs + 120_000;
  await client.inject();
  await witness.until(() => witness.latestMs > endMs, last);
  assert.equal(await last.stop(), 0);
  await witness.farewell();

  const past = await Past.read({ dataDir, server: database?.server });
  const events = past.fleet.journal.events.length;
  for (const id of client.injected)
    assert.ok(
      past.fleet.journal.events.some((event) => event.kind === 'inject' && event.id === id),
      'a fault that was confirmed is not in the journal',
    );
  t.diagnostic(`${past.assertSaid(witness)} messages, ${events} events`);
  if (database) {
    const rows = await past.assertStored(database.postgres, database.server);
    t.diagnostic(`${rows} rows`);
  }
}

/** Sends commands from the time the API answers until the simulator is killed. */
async function act(client: Client, simulator: SimulatorProcess, witness: Witness): Promise<void> {
  try {
    await simulator.logged(/^running$/);
    for (;;) {
      await client.act();
      const next = witness.count + MESSAGES_BETWEEN;
      await witness.until(() => witness.count >= next, simulator);
    }
  } catch (error) {
    // The killed simulator's response is lost, or it never got that far.
    if (error instanceof assert.AssertionError) throw error;
  }
}
