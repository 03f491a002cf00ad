import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { timeText } from '../../src/encoding/time.ts';
import { TruthRecorder } from '../../src/service/truth-recorder.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { withoutPostgres } from '../postgres.ts';
import {
  COMPRESSOR,
  NOON_MS,
  PUMP,
  type Simulation,
  type SimulationOptions,
  startSimulation,
} from '../simulation.ts';
import { inBothDrivers, type LogLines, logLines, sharedPostgres } from '../store/places.ts';

const DAY_S = 86_400;
/** Polling interval for background work [ms]. */
const LOOK_MS = 5;

interface Recorded extends Simulation {
  readonly log: LogLines;
  /** Every anomaly since noon, from the API. */
  anomalies(): Promise<Record<string, unknown>[]>;
}

/** A simulator, which records if it has a store, and ends with the given test. */
async function start(options: SimulationOptions, t?: TestContext): Promise<Recorded> {
  const simulation = await startSimulation(options);
  const log = logLines();
  const end = new AbortController();
  const { store } = options;
  const recording =
    store && new TruthRecorder(simulation.simulator, store.watermarks, log).run(end.signal);
  const close = async () => {
    end.abort();
    await recording;
    await simulation.close();
  };
  t?.after(close);
  return {
    ...simulation,
    log,
    close,
    async anomalies() {
      const url = `/simulator/anomalies?from=${timeText(NOON_MS)}`;
      const answer = await simulation.app.inject(url);
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json();
    },
  };
}

async function inject({ app }: Simulation, machineId: string, anomaly: object): Promise<void> {
  const url = `/simulator/machines/${machineId}/anomaly`;
  const answer = await app.inject({ method: 'POST', url, payload: anomaly });
  assert.equal(answer.statusCode, 200, answer.body);
}

/** Settles when `count` anomalies are on record. */
async function onRecord({ database }: Store, count: number): Promise<void> {
  for (;;) {
    const rows = await database
      .query('select id from simulator.ground_truth where final')
      .catch(() => []);
    if (rows.length === count) return;
    await pause(LOOK_MS);
  }
}

inBothDrivers('a restart reads the costs of anomalies and recomputes nothing', async (place) => {
  const first = await place.open();
  const env = { SIMULATOR_ENABLE_ANOMALIES: 'true', ANOMALY_PROBABILITY: '0.3' };
  const simulation = await start({ store: first, env });
  await inject(simulation, COMPRESSOR, { anomaly_type: 'leak', duration_seconds: 1200 });
  await inject(simulation, PUMP, { anomaly_type: 'seal_leak', duration_seconds: 600 });
  // Days that no request covers.
  for (let day = 0; day < 3; day++) await simulation.pass(DAY_S);
  await inject(simulation, PUMP, { anomaly_type: 'pump_wear', duration_seconds: DAY_S });
  await simulation.pass(60);
  const before = await simulation.anomalies();
  const final = before.filter((anomaly) => anomaly['final'] === true);
  assert.ok(final.length > 3, 'some came by themselves');
  await onRecord(first, final.length);
  await simulation.close();
  await first.close();

  const store = await place.open();
  const nowMs = simulation.clock.nowMs();
  const again = await start({ store, env, nowMs });
  assert.deepEqual(await again.anomalies(), before);
  // A figure that cannot be computed.
  await store.database.query('update simulator.ground_truth set excess_energy_kwh = 4711');
  await again.close();
  const other = await start({ store, env, nowMs });
  assert.deepEqual(
    await other.anomalies(),
    before.map((each) => (each['final'] === true ? { ...each, excess_energy_kwh: 4711 } : each)),
  );
  await other.close();
});

test('later events change no record', async (t) => {
  const simulation = await start({}, t);
  await inject(simulation, COMPRESSOR, { anomaly_type: 'leak', duration_seconds: 1200 });
  await simulation.pass(2 * DAY_S);
  const before = await simulation.anomalies();
  assert.equal(before[0]?.['final'], true);
  await inject(simulation, COMPRESSOR, { anomaly_type: 'leak', duration_seconds: 1200 });
  await simulation.pass(100);
  const url = `/simulator/machines/${COMPRESSOR}/anomaly`;
  await simulation.app.inject({ method: 'DELETE', url });
  await simulation.app.inject({ method: 'POST', url: '/simulator/stop', payload: {} });
  await simulation.pass(100);
  // A new simulator, which computes everything from the journal.
  const { journal } = simulation.simulator.eventLog;
  const fresh = await startSimulation({ nowMs: simulation.clock.nowMs() });
  t.after(() => fresh.close());
  for (const event of journal.events) fresh.simulator.eventLog.journal.append(event);
  const query = {
    fromMs: NOON_MS,
    toMs: fresh.clock.nowMs(),
    machines: fresh.simulator.fleet.machines,
    limit: 10,
    offset: 0,
  };
  const computed = await fresh.simulator.groundTruth.list(query);
  const known = await simulation.simulator.groundTruth.list(query);
  assert.deepEqual(computed, known);
  assert.equal(known.records.length, 2);
  assert.deepEqual((await simulation.anomalies())[0], before[0]);
});

test('without its database it still answers, and stores the record later', {
  skip: withoutPostgres(),
}, async (t) => {
  const postgres = await sharedPostgres();
  const server = await postgres.newDatabase();
  const options = { dataDir: '/nowhere', server, seed: 42, version: '1' };
  const store = await openStore(options, logLines());
  const simulation = await start({ store });
  t.after(async () => {
    await simulation.close();
    await store.close();
  });
  await inject(simulation, COMPRESSOR, { anomaly_type: 'leak', duration_seconds: 60 });
  await postgres.stop();
  await simulation.pass(2 * DAY_S);
  const [anomaly] = await simulation.anomalies();
  assert.equal(anomaly?.['final'], true);
  while (!simulation.log.lines.some((line) => line.startsWith('ground truth cannot be saved')))
    await pause(LOOK_MS);
  await postgres.restart();
  await simulation.pass(60);
  await onRecord(store, 1);
});
