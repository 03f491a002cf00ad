import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Purpose, refusalOf } from '../src/api/access.ts';
import { EmbeddedBroker } from '../src/broker/embedded-broker.ts';
import { loadConfiguration } from '../src/config/load.ts';
import { VARIABLES } from '../src/config/variables.ts';
import { Collector } from './outputs/collector.ts';

/** The tests that show each point of SECURITY.md, by the first words of the point. */
const SHOWN: Readonly<Record<string, readonly [file: string, ...tests: string[]]>> = {
  'With `API_KEY`, every request': ['api/access', 'is required even from this computer'],
  'Guessing keys': ['api/access', 'counts guesses of a key like any request'],
  'Without a key, only the computer': [
    'api/access',
    'only clients on this computer may change anything, and all may read',
    'it comes from this computer; the refusal tells others to set API_KEY, and where',
    'clients from there may change anything, and clients from elsewhere may not',
  ],
  'A request that a proxy marks': ['api/access', 'no header marks it as forwarded'],
  'A local request names': [
    'api/access',
    'its Host header is a name or address of this computer, in any spelling',
  ],
  'A page of another origin': [
    'api/access',
    'the page that sends it comes from this server',
    'or from a configured origin',
  ],
  '`API_CORS_ORIGINS=*`': ['api/access', 'is open to every page if API_CORS_ORIGINS is *'],
  'A foreign host name': ['api/access', 'refuses a foreign host name that points here'],
  'A proxy on the same computer serves': [
    'api/access',
    'is open through a proxy on this computer under the names in API_HOSTS',
  ],
  'Paths, hosts and user names': [
    'api/access',
    'show paths, hosts and users only to clients that may change settings',
  ],
  'WebSocket follows': ['api/access', 'is for this computer only while the MQTT port is'],
  'Without `MQTT_USERNAME`, WebSocket': [
    'api/access',
    'no header marks it as forwarded',
    'its Host header is local even if a page of that host sends it',
    'is open to programs on other computers if the MQTT port is, and to pages by IP address only',
  ],
  'With `MQTT_USERNAME`, only': [
    'broker/embedded-broker',
    'with a user name and a password, only clients that know them may connect',
  ],
  'Only the simulator publishes': [
    'broker/embedded-broker',
    'only the simulator publishes to its own topics',
  ],
  'A will under these': ['broker/embedded-broker', 'a will under the simulator’s own topics'],
  'A client that announces': ['broker/embedded-broker', 'a client that announces a packet'],
  'A body of up to 1 MiB': [
    'api/cost',
    'costs time that depends only on its size',
    'for the registry costs no more',
  ],
  'A body nested': ['api/cost', 'that is nested too deeply is refused before it is processed'],
  'One limit holds': ['api/cost', 'has one limit for all routes'],
  'What is computed for a client': ['api/cost', 'stops when the client disconnects'],
  'A client that takes no byte': ['api/cost', 'a client that reads nothing of its response'],
  'An address may make': ['api/access', 'is 429 for an address with too many requests'],
  'Connections that end at once': ['api/cost', 'does not log connections that end at once'],
  'Errors name the field': [
    'api/bad-input',
    'of wrong types, unknown keys and values out of range is reported field by field',
  ],
  'Every answer has': ['api/access', 'has a request id, possibly the client’s own'],
  'The documentation pages': [
    'api/documentation',
    'the script of ReDoc fetches nothing from other hosts',
  ],
  'Downloads of an export': ['api/exports', 'serve only files of their own'],
  'Secrets appear': ['config/load', 'secrets never appear in errors, and are shown as (set)'],
  'A cluster keeps': [
    'cluster/history-database',
    'is stored by workers as by a single process, without its password in Redis',
  ],
  'It runs as': ['deploy/container', 'the image runs as an unprivileged user'],
  'Compose publishes': ['deploy/compose', 'every port is published on this computer only'],
  'Compose gives': ['deploy/compose', 'no service gains privileges'],
  'Anyone who reaches the API': [
    'api/access',
    'is open to other computers under any name',
    'is open to everyone once a key is set',
  ],
  'A proxy on the same computer that adds': ['security', 'a proxy that adds no header looks local'],
  'Neither the API nor': ['security', 'no variable gives the API or the embedded broker TLS'],
  'There is one key': ['security', 'the key opens everything'],
  'The broker’s credentials': ['security', 'clients of the broker can read each other’s messages'],
  'Topics outside': ['security', 'clients of the broker can read each other’s messages'],
  'The Mosquitto of': ['deploy/mosquitto', 'and every client while no user is set'],
  'The Redis of': ['security', 'the Redis of the compose file has no password'],
};

const root = new URL('../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');

function reason(purpose: Purpose, env: Record<string, string>, headers: Record<string, string>) {
  const configuration = loadConfiguration({ env, cwd: import.meta.dirname });
  return refusalOf(purpose, { peer: '127.0.0.1', headers }, configuration)?.reason;
}

describe('SECURITY.md', () => {
  it('has a test for every point', () => {
    const points = textOf('SECURITY.md')
      .split('\n')
      .filter((line) => line.startsWith('- '))
      .map((line) => line.slice(2));
    assert.ok(points.length > 30, 'the points were not found');
    for (const point of points) {
      const found = Object.keys(SHOWN).filter((beginning) => point.startsWith(beginning));
      assert.equal(found.length, 1, `no test shows this point: ${point}`);
    }
    assert.equal(points.length, Object.keys(SHOWN).length, 'a point is gone');
    for (const [beginning, [file, ...tests]] of Object.entries(SHOWN)) {
      const text = textOf(`test/${file}.test.ts`);
      for (const name of tests)
        assert.ok(text.includes(name), `${beginning}: test/${file}.test.ts has no test "${name}"`);
    }
  });
});

describe('what is not defended', () => {
  it('a proxy that adds no header looks local', () =>
    assert.equal(reason('change', {}, { host: '127.0.0.1:8003' }), undefined));

  it('no variable gives the API or the embedded broker TLS', () => {
    const aboutTls = Object.keys(VARIABLES).filter((name) => /CERT|_KEY_FILE|_CA_|TLS/.test(name));
    assert.deepEqual(aboutTls, ['MQTT_CA_FILE', 'MQTT_CERT_FILE', 'MQTT_KEY_FILE']);
    const { remarks } = loadConfiguration({
      env: { MQTT_CA_FILE: 'package.json' },
      cwd: new URL('.', root).pathname,
    });
    assert.match(remarks.join(), /MQTT_CA_FILE: no effect without MQTT_HOST/);
  });

  it('the key opens everything', () => {
    const headers = { host: 'sim.example', origin: 'http://a.example', 'x-api-key': 'k' };
    for (const purpose of ['read', 'change'] as const)
      assert.equal(reason(purpose, { API_KEY: 'k' }, headers), undefined);
  });

  it('clients of the broker can read each other’s messages', async (t) => {
    const port = { number: 0, isExplicit: true };
    const options = { username: 'ems', password: 'right' };
    const broker = await EmbeddedBroker.start({ host: '127.0.0.1', port, ...options });
    t.after(() => broker.close());
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const reader = await Collector.open(url, '#', options);
    const writer = await Collector.open(url, 'nothing', options);
    t.after(() => Promise.all([reader.close(), writer.close()]));
    await writer.client.publishAsync('other/topic', 'seen');
    await reader.until((received) => received.some(({ topic }) => topic === 'other/topic'));
  });

  it('the Redis of the compose file has no password', () => {
    const redis = textOf('docker-compose.yml')
      .split(/^ {2}redis:$/m)[1]
      ?.split(/^ {2}grafana:$/m)[0];
    assert.match(redis ?? '', /"127\.0\.0\.1:/);
    assert.doesNotMatch(redis ?? '', /requirepass/);
  });
});
