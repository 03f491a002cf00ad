/** Every parameter that takes a machine or a factory accepts its id or its name. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chosenMachines } from '../../src/dataset/machine-choice.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { COMPRESSOR, HVAC, NOON_MS, type Simulation, startSimulation } from '../simulation.ts';

const OTHER = 'e0000000-0000-0000-0000-000000000002';
const LONG = '缩'.repeat(255);
const SECOND = '22222222-2222-2222-2222-222222222222';

/** A second site with a machine that has the name of one at the first. */
const SITES = [
  DEFAULT_FACTORY,
  { ...DEFAULT_FACTORY, id: '33333333-3333-3333-3333-333333333333', name: 'Twin', machines: [] },
  { ...DEFAULT_FACTORY, id: '44444444-4444-4444-4444-444444444444', name: 'twin', machines: [] },
  {
    ...DEFAULT_FACTORY,
    id: SECOND,
    name: 'Hall 2/3, 100% new',
    machines: DEFAULT_FACTORY.machines.slice(1, 3).map((machine, i) => ({
      ...machine,
      id: i === 0 ? OTHER : 'e0000000-0000-0000-0000-000000000003',
      name: i === 0 ? machine.name : LONG,
      topic: `factory/second/machine-${i}`,
    })),
  },
];

describe('a machine’s name', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation({ factories: SITES });
    await simulation.pass(60);
  });
  after(() => simulation.close());

  async function ask(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
    const request = payload ? { method, url, payload } : { method, url };
    const response = await simulation.app.inject(request);
    const isJson = String(response.headers['content-type']).includes('json');
    return { status: response.statusCode, body: isJson ? response.json() : response.body };
  }

  it('works in place of its id in every address, in upper or lower case', async () => {
    const span = `from=${new Date(NOON_MS).toISOString()}`;
    for (const name of ['Compressor-1', 'compressor-1', COMPRESSOR.toUpperCase()])
      for (const rest of ['', `/readings?${span}`, `/series?${span}`, `/baseline?${span}`]) {
        const { status, body } = await ask('GET', `/simulator/machines/${name}${rest}`);
        assert.equal(status, 200, `${name}${rest}`);
        const [first] = [body].flat();
        assert.equal(first.machine_id, COMPRESSOR);
      }
  });

  it('may be as long as the registry allows, in any script', async () => {
    const { status, body } = await ask('GET', `/simulator/machines/${encodeURIComponent(LONG)}`);
    assert.deepEqual([status, body.machine_name], [200, LONG]);
  });

  it('works in place of its id in commands and queries', async () => {
    const anomaly = { anomaly_type: 'leak', machine_id: 'compressor-1' };
    const injected = await ask('POST', '/simulator/machines/Compressor-1/anomaly', anomaly);
    assert.deepEqual([injected.status, injected.body.data.machine_id], [200, COMPRESSOR]);
    const stopped = await ask('POST', '/simulator/stop', { machine_ids: ['Compressor-1'] });
    assert.equal(stopped.body.data.running_machines, 6);
    await ask('POST', '/simulator/start', { machine_ids: ['Compressor-1'] });
    for (const address of ['/simulator/journal', '/simulator/anomalies']) {
      const { status, body } = await ask('GET', `${address}?machine_id=Compressor-1`);
      assert.equal(status, 200, JSON.stringify(body));
    }
    const cleared = await ask('DELETE', '/simulator/machines/Compressor-1/anomaly');
    assert.equal(cleared.body.data.cleared.length, 1);
  });

  it('may contain spaces, slashes and per cent signs, as the name of a factory may', async () => {
    const name = encodeURIComponent(SITES.at(-1)?.name as string);
    const factory = await ask('GET', `/simulator/factories/${name.toLowerCase()}`);
    assert.deepEqual([factory.status, factory.body.factory_id], [200, SECOND]);
    const machines = await ask('GET', `/simulator/machines?factory_id=${name}`);
    assert.deepEqual(
      machines.body.map(({ machine_id }: { machine_id: string }) => machine_id),
      [OTHER, 'e0000000-0000-0000-0000-000000000003'],
    );
    const factory_ids = [SITES.at(-1)?.name];
    const stopped = await ask('POST', '/simulator/stop', { factory_ids });
    assert.equal(stopped.body.data.running_machines, 5);
    await ask('POST', '/simulator/start', { factory_ids });
  });

  it('of a factory is a conflict where two have it, unless the case tells them apart', async () => {
    const first = await ask('GET', '/simulator/factories/Twin');
    assert.equal(first.body.factory_name, 'Twin');
    for (const url of ['/simulator/factories/TWIN', '/simulator/machines?factory_id=TWIN']) {
      const { status, body } = await ask('GET', url);
      assert.equal(status, 409);
      assert.match(
        body.message,
        /^2 factories are called "TWIN"; give one of the ids 3{8}-.*, 4{8}-/,
      );
    }
    const unknown = await ask('GET', '/simulator/factories/Nowhere');
    assert.equal(unknown.status, 422);
    assert.match(unknown.body.message, /no factory has the name "Nowhere"; give a name or an id$/);
  });

  it('shared by several machines is a conflict that lists their ids', async () => {
    const refused = [
      await ask('GET', '/simulator/machines/HVAC-Main'),
      await ask('POST', '/simulator/machines/hvac-main/anomaly', { anomaly_type: 'dirty_coils' }),
      await ask('POST', '/simulator/stop', { machine_ids: ['HVAC-Main'] }),
      await ask('GET', '/simulator/journal?machine_id=HVAC-Main'),
      await ask('GET', '/simulator/stream?machine_ids=HVAC-Main'),
    ];
    for (const { status, body } of refused) {
      assert.equal(status, 409);
      assert.match(body.message, new RegExp(`2 machines are called.*${HVAC}, ${OTHER}`));
    }
  });

  it('that no machine has is refused, like an unknown id', async () => {
    for (const name of ['Compressor-9', '%25'])
      assert.equal((await ask('GET', `/simulator/machines/${name}/readings`)).status, 422);
    const mismatch = { anomaly_type: 'leak', machine_id: 'Compressor-9' };
    const { status } = await ask('POST', `/simulator/machines/${COMPRESSOR}/anomaly`, mismatch);
    assert.equal(status, 400);
  });
});

it('the machines of a window are looked up in the same way', () => {
  const refusals: string[] = [];
  const chosen = (...names: string[]) =>
    chosenMachines(names, SITES, (_place, message) => refusals.push(message));
  assert.deepEqual(chosen('compressor-1', OTHER), [COMPRESSOR, OTHER]);
  assert.deepEqual(refusals, []);
  assert.deepEqual(chosen('HVAC-Main'), []);
  assert.match(refusals.join(), new RegExp(`give one of the ids ${HVAC}, ${OTHER}$`));
});
