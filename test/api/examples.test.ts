import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { buildApp } from '../../src/api/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { assemble } from '../../src/service/assembly.ts';

import { freePort } from '../servers.ts';
import { until } from '../until.ts';
import { newFolder } from '../voyage/simulator-process.ts';
import { type Document, type Operation, operationsOf, successOf } from './openapi.ts';

/** Operations are sent in this order, so that nothing is removed before it is asked for. */
const ORDER = ['post', 'put', 'get', 'delete'];

/** A complete simulator as a new user starts it. */
async function startDefault() {
  const folder = newFolder();
  const env = { DATA_DIR: folder, MQTT_PORT: String(await freePort()) };
  const configuration = loadConfiguration({ env, cwd: import.meta.dirname });
  const log = pino({ level: 'error' });
  const assembly = await assemble(configuration, log);
  const running = assembly.run();
  const { simulator, registry } = assembly;
  const app = await buildApp(simulator, configuration, {
    logger: log,
    registry,
    requestsPerMinute: Number.MAX_SAFE_INTEGER,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    async close() {
      await Promise.all([app.close(), assembly.stop()]);
      await running;
    },
  };
}

describe('a new default simulator', () => {
  let simulator: Awaited<ReturnType<typeof startDefault>>;
  let operations: Operation[];
  before(async () => {
    simulator = await startDefault();
    const document = (await (await fetch(`${simulator.url}/openapi.json`)).json()) as Document;
    operations = operationsOf(document).toSorted(
      (a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method),
    );
  });
  after(() => simulator.close());

  /** Sends an operation with all of its examples. */
  async function send({ path, method, parameters, requestBody }: Operation) {
    const given = parameters.filter(({ example }) => example !== undefined);
    const query = new URLSearchParams();
    let address = path;
    for (const { name, in: place, example } of given)
      if (place === 'query') query.set(name, String(example));
      else address = address.replace(`{${name}}`, encodeURIComponent(String(example)));
    const body = JSON.stringify(requestBody?.content['application/json']?.example);
    return fetch(`${simulator.url}${address}?${query}`, {
      method: method.toUpperCase(),
      signal: AbortSignal.timeout(120_000),
      ...(requestBody && { body, headers: { 'content-type': 'application/json' } }),
    });
  }

  it('answers every operation with success if it is sent with its examples', async () => {
    let isExported = false;
    for (const operation of operations) {
      const { operationId } = operation;
      if (operation.path.includes('{export_id}') && !isExported)
        isExported = await until(async () => {
          const exports = (await (await fetch(`${simulator.url}/simulator/exports`)).json()) as [];
          return exports.every(({ state }) => state === 'done');
        }).then(() => true);
      const answer = await send(operation);
      const [status, { content }] = successOf(operation);
      const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
      const problem = answer.ok ? '' : await answer.text();
      assert.equal(answer.status, status, `${operationId}: ${problem}`);
      if (type === 'text/event-stream') await answer.body?.cancel();
      else if (type !== 'application/json') assert.ok((await answer.arrayBuffer()).byteLength > 0);
      else if (content[type]) {
        const errors = Value.Errors(content[type].schema as TSchema, await answer.json());
        assert.deepEqual([...errors], [], operationId);
      }
    }
  });
});
