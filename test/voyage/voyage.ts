/** The common start of all voyages: an accelerated factory, its database and a witness. */
import type { TestContext } from 'node:test';
import { timeText } from '../../src/encoding/time.ts';
import { startPostgres } from '../postgres.ts';
import { freePort, startMosquitto } from '../servers.ts';
import { newFolder } from './simulator-process.ts';
import { VOYAGE_START_MS } from './uninterrupted.ts';
import { Witness } from './witness.ts';

/** Variables of a run with an embedded broker, whose machines are off until a witness listens. */
export async function waiting(speed: number) {
  return {
    SIMULATION_SPEED: String(speed),
    SIMULATION_START: timeText(VOYAGE_START_MS),
    SIMULATOR_AUTO_START: 'false',
    MQTT_PORT: String(await freePort()),
  };
}

/** Variables of a run that catches up on everything since the start of the voyage. */
export function accelerated(speed: number) {
  return {
    SIMULATION_SPEED: String(speed),
    SIMULATION_START: timeText(VOYAGE_START_MS),
    BACKFILL_FROM: timeText(VOYAGE_START_MS),
    CATCH_UP: 'all',
    CATCH_UP_RATE: '0',
  };
}

/** A Mosquitto with a witness whose session survives a `kill -9` of the broker. */
export async function witnessedMosquitto(t: TestContext) {
  const mosquitto = await startMosquitto({
    persistence: true,
    lines: ['queue_qos0_messages true'],
  });
  t.after(() => mosquitto.close());
  const { host, port } = mosquitto;
  const witness = await Witness.open(host, port);
  t.after(() => witness.close());
  // Mosquitto writes its sessions on a regular shutdown.
  await mosquitto.stop();
  await mosquitto.restart();
  return { mosquitto, witness, env: { MQTT_HOST: host, MQTT_PORT: String(port) } };
}

/** A PostgreSQL for the simulator's store and for readings. */
export async function postgresHome(t: TestContext) {
  const postgres = await startPostgres();
  t.after(() => postgres.close());
  const server = await postgres.newDatabase();
  const env = {
    POSTGRES_HOST: postgres.host,
    POSTGRES_PORT: String(postgres.port),
    POSTGRES_USER: 'simulator',
    POSTGRES_DB: server.database,
    SINK_POSTGRES: 'true',
  };
  return { postgres, server, env };
}

/** A folder for the simulator's store, and a port for its API. */
export async function embeddedHome() {
  const dataDir = newFolder();
  return { dataDir, env: { DATA_DIR: dataDir, API_PORT: String(await freePort()) } };
}
