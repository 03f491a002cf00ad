import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigError } from '../../src/core/errors.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { openState } from '../../src/service/state.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { toldFleet } from '../../src/stories/told.ts';
import { environmentOf, withoutPostgres } from '../postgres.ts';
import { sharedPostgres, temporaryFolder } from '../store/places.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const COMPRESSOR = 'c0000000-0000-0000-0000-000000000001';

/** A store, and a folder of scenario files. */
async function newHome() {
  const folder = temporaryFolder();
  const embedded = { DATA_DIR: folder };
  const env = withoutPostgres()
    ? embedded
    : { ...embedded, ...environmentOf(await (await sharedPostgres()).newDatabase()) };
  mkdirSync(folder, { recursive: true });
  return {
    write(file: string, text: string) {
      writeFileSync(join(folder, file), text);
    },
    open(more: Readonly<Record<string, string>>) {
      const configuration = loadConfiguration({ env: { ...env, ...more }, cwd: folder });
      return openState(configuration, silent);
    },
  };
}

const story = (name: string, severity: number) => `
name: ${name}
start: 2026-01-05
events:
  - { id: leak, at: 1h, duration: 10d, fault: { machine: Compressor-1, type: leak, severity: ${severity} } }
`;

const kindsOf = (events: readonly JournalEvent[]) =>
  events.map((event) => ('name' in event ? `${event.kind} ${event.name}` : event.kind));

test('a story of the configuration is part of the beginning of a store, with its past', async () => {
  const { write, open } = await newHome();
  write('one.yaml', story('one', 2));
  const env = { SCENARIO_FILE: 'one.yaml', SIMULATOR_AUTO_START: 'false' };
  const first = await open({ ...env, SIMULATION_START: '2026-01-08T00:00:00Z' });
  const { journal, factories, seed } = first;
  await first.store.close();
  assert.deepEqual(kindsOf(journal.events), ['scenario one', 'stop']);
  const fleet = toldFleet(createFleet(factories, { journal, seed }));
  const beganS = Date.UTC(2026, 0, 8) / 1000;
  const [incident] = fleet.byId.get(COMPRESSOR)?.story?.incidents(beganS, beganS + 1) ?? [];
  // Three days before the store begins.
  assert.equal(incident?.startS, Date.UTC(2026, 0, 5, 1) / 1000);

  const again = await open(env);
  await again.store.close();
  assert.deepEqual(again.journal.events, journal.events);
});

test('another text ends the old story and begins the new one from then on', async () => {
  const { write, open } = await newHome();
  write('one.yaml', story('one', 2));
  write('two.yaml', story('two', 2));
  const env = { SCENARIO_FILE: 'one.yaml, two.yaml' };
  await (await open(env)).store.close();
  write('one.yaml', story('one', 5));
  const changed = await open(env);
  await changed.store.close();
  const { events } = changed.journal;
  assert.deepEqual(kindsOf(events), [
    'scenario one',
    'scenario two',
    'end_scenario one',
    'scenario one',
  ]);
  const [, , ended, begun] = events;
  assert.ok((begun as JournalEvent).timeS >= (ended as JournalEvent).timeS);
  assert.ok(begun?.kind === 'scenario' && begun.isWhole === undefined);

  const none = await open({});
  await none.store.close();
  assert.deepEqual(kindsOf(none.journal.events).slice(4), ['end_scenario two', 'end_scenario one']);
  const back = await open({ SCENARIO_FILE: 'two.yaml' });
  await back.store.close();
  assert.deepEqual(kindsOf(back.journal.events).slice(6), ['scenario two']);
});

test('a story that a client ended stays ended, and one of its name is in the way', async () => {
  const { write, open } = await newHome();
  write('one.yaml', story('one', 2));
  const env = { SCENARIO_FILE: 'one.yaml' };
  const first = await open(env);
  const eventLog = new LocalEventLog(first.journal, first.clock, first.store.journal);
  await eventLog.append({ kind: 'end_scenario', name: 'one' });
  const [factory] = first.factories;
  assert.ok(factory);
  await eventLog.append({ kind: 'scenario', name: 'two', text: story('two', 1), factory });
  await first.store.close();
  const again = await open(env);
  await again.store.close();
  assert.deepEqual(kindsOf(again.journal.events), [
    'scenario one',
    'end_scenario one',
    'scenario two',
  ]);
  write('two.yaml', story('two', 3));
  await assert.rejects(open({ SCENARIO_FILE: 'two.yaml' }), /two\.yaml: is named two/);
});

test('a story that is wrong, or cannot be read, is told with its place', async () => {
  const { write, open } = await newHome();
  write(
    'wrong.yaml',
    'name: wrong\nevents:\n  - { at: 1h, fault: { machine: Pump-9, type: leak } }\n',
  );
  write('big.yaml', `# ${'x'.repeat(1024 * 1024)}\n`);
  const faultsOf = (file: string) =>
    assert.rejects(open({ SCENARIO_FILE: file }), (error) => {
      assert.ok(error instanceof ConfigError);
      faults = error.faults.map(({ path, message }) => `${path}: ${message}`);
      return true;
    });
  let faults: readonly string[] = [];
  await faultsOf('wrong.yaml');
  assert.match(faults.join('\n'), /^events\.0\.fault\.machine: .*\(wrong\.yaml:3:\d+\)$/m);
  await assert.rejects(
    async () => open({ SCENARIO_FILE: 'none.yaml' }),
    /SCENARIO_FILE: "none\.yaml"/,
  );
  await assert.rejects(async () => open({ SCENARIO_FILE: 'big.yaml' }), /up to 1 MiB/);
  const fresh = await open({});
  await fresh.store.close();
  assert.deepEqual(fresh.journal.events, []);
});
