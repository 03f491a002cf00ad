import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { describe, it } from 'node:test';
import { type Purpose, refusalOf } from '../../src/api/access.ts';
import { addressList, gateways } from '../../src/api/local-addresses.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { type Simulation, type SimulationOptions, startSimulation } from '../simulation.ts';

async function withSimulation(
  options: SimulationOptions,
  use: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  const simulation = await startSimulation(options);
  try {
    await use(simulation);
  } finally {
    await simulation.close();
  }
}

async function statusOf(
  { app }: Simulation,
  request: { method?: 'GET' | 'POST'; headers?: Record<string, string>; remoteAddress?: string },
): Promise<number> {
  const method = request.method ?? 'POST';
  const url = method === 'POST' ? '/simulator/start' : '/simulator/status';
  return (await app.inject({ ...request, method, url })).statusCode;
}

describe('without a key', () => {
  it('only clients on this computer may change anything, and all may read', () =>
    withSimulation({}, async (simulation) => {
      for (const remoteAddress of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
        assert.equal(await statusOf(simulation, { remoteAddress }), 200, remoteAddress);
      for (const remoteAddress of ['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.7']) {
        assert.equal(await statusOf(simulation, { remoteAddress }), 403, remoteAddress);
        assert.equal(await statusOf(simulation, { remoteAddress, method: 'GET' }), 200);
      }
    }));

  it('pages of other origins and foreign names of this computer may not change anything', () =>
    withSimulation({}, async (simulation) => {
      const statuses = async (headers: Record<string, string>) => statusOf(simulation, { headers });
      assert.equal(
        await statuses({ host: 'localhost:8003', origin: 'http://localhost:8003' }),
        200,
      );
      assert.equal(await statuses({ host: '[::1]:8003' }), 200);
      assert.equal(await statuses({ host: 'localhost:8003', origin: 'https://example.com' }), 403);
      assert.equal(await statuses({ host: 'localhost:8003', origin: 'null' }), 403);
      assert.equal(await statuses({ host: 'rebound.example.com' }), 403);
    }));
});

describe('with a key', () => {
  const env = { API_KEY: 'correct-horse-battery-staple' };

  it('allows changes from anywhere, in either header', () =>
    withSimulation({ env }, async (simulation) => {
      const remoteAddress = '192.0.2.7';
      const key = env.API_KEY;
      const ask = (headers: Record<string, string>) =>
        statusOf(simulation, { headers, remoteAddress });
      assert.equal(await ask({ 'x-api-key': key }), 200);
      assert.equal(await ask({ authorization: `Bearer ${key}` }), 200);
      assert.equal(await ask({}), 401);
      assert.equal(await ask({ 'x-api-key': `${key}r` }), 401);
      assert.equal(await ask({ 'x-api-key': '' }), 401);
      assert.equal(await ask({ authorization: `Basic ${key}` }), 401);
    }));

  it('is required even from this computer, and appears in no response', () =>
    withSimulation({ env }, async (simulation) => {
      const { app } = simulation;
      const response = await app.inject({ method: 'POST', url: '/simulator/stop' });
      assert.equal(response.statusCode, 401);
      assert.equal(response.headers['www-authenticate'], 'Bearer');
      for (const url of [
        '/',
        '/health',
        '/simulator/config',
        '/simulator/status',
        '/metrics',
        '/openapi.json',
      ])
        assert.ok(!(await app.inject(url)).body.includes(env.API_KEY), url);
    }));
});

describe('every answer', () => {
  it('has a request id, possibly the client’s own, and security headers for browsers', () =>
    withSimulation({}, async ({ app }) => {
      const { headers } = await app.inject('/simulator/status');
      assert.match(headers['x-request-id'] as string, /^[0-9a-f-]{36}$/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(headers['content-security-policy'] as string, /default-src 'self'/);
      assert.equal(headers['access-control-allow-origin'], undefined);
      const own = await app.inject({ url: '/', headers: { 'x-request-id': 'job-7' } });
      assert.equal(own.headers['x-request-id'], 'job-7');
      const odd = await app.inject({ url: '/nowhere', headers: { 'x-request-id': 'a b{}' } });
      assert.notEqual(odd.headers['x-request-id'], 'a b{}');
    }));

  it('has CORS headers for configured origins, and none for others', () =>
    withSimulation({ env: { API_CORS_ORIGINS: 'https://example.com' } }, async ({ app }) => {
      const ask = (origin: string) => app.inject({ url: '/', headers: { origin } });
      const allowed = await ask('https://example.com');
      assert.equal(allowed.headers['access-control-allow-origin'], 'https://example.com');
      const other = await ask('https://example.org');
      assert.equal(other.headers['access-control-allow-origin'], undefined);
    }));

  it('is 429 for an address with too many requests, except for /health', () =>
    withSimulation({ requestsPerMinute: 5 }, async ({ app }) => {
      for (let i = 0; i < 5; i++) assert.equal((await app.inject('/')).statusCode, 200);
      const response = await app.inject('/');
      assert.equal(response.statusCode, 429);
      assert.equal(response.json().success, false);
      assert.match(response.json().message, /more than 5 requests in a minute/);
      assert.ok(response.headers['retry-after']);
      assert.equal((await app.inject('/nowhere')).statusCode, 429);
      assert.equal((await app.inject('/health')).statusCode, 200);
    }));
});

/** Why a request is refused with some settings; undefined if it is not. */
function reason(
  purpose: Purpose,
  env: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  peer = '127.0.0.1',
): string | undefined {
  const configuration = loadConfiguration({ env, cwd: import.meta.dirname });
  return refusalOf(purpose, { peer, headers }, configuration)?.reason;
}

const LOCAL = { host: 'localhost:8003' };
const PURPOSES = ['read', 'change', 'broker'] as const;
const LAN = '192.0.2.7';

describe('without a key, a request is local only if', () => {
  const refused = (headers: Record<string, string>, why: RegExp, peer?: string) => {
    for (const purpose of PURPOSES)
      assert.match(
        reason(purpose, {}, headers, peer) ?? '',
        why,
        `${purpose} ${JSON.stringify(headers)}`,
      );
  };

  it('its Host header is a name or address of this computer, in any spelling', () => {
    for (const host of [
      'localhost',
      'LOCALHOST:8003',
      'localhost.:8003',
      '127.0.0.1:8003',
      '127.8.8.8',
      '[::1]:8003',
      '[::1]',
      '[::ffff:7f00:1]:8003',
    ])
      for (const purpose of PURPOSES) assert.equal(reason(purpose, {}, { host }), undefined, host);
    for (const host of [
      'rebound.example:8003',
      'localhost.example',
      'localhost:8003@rebound',
      'localhost, rebound.example',
      '192.0.2.7:8003',
      '0.0.0.0:8003',
      '[::1%lo]:8003',
      '127.0.0.1.rebound.example',
      '',
    ])
      refused({ host }, /localhost/);
    refused({}, /without a Host/);
  });

  it('its Host header is local even if a page of that host sends it', () =>
    refused({ host: 'rebound.example:8003', origin: 'http://rebound.example:8003' }, /localhost/));

  it('the page that sends it comes from this server', () => {
    const own = { ...LOCAL, origin: 'http://localhost:8003' };
    for (const purpose of PURPOSES) assert.equal(reason(purpose, {}, own), undefined);
    for (const origin of [
      'http://localhost:9000',
      'https://localhost:8003',
      'http://127.0.0.1:8003',
      'http://elsewhere.example',
      'null',
      '',
    ])
      refused({ ...LOCAL, origin }, /API_CORS_ORIGINS/);
  });

  it('or from a configured origin', () => {
    const env = { API_CORS_ORIGINS: 'http://localhost:5173' };
    const headers = { ...LOCAL, origin: 'http://localhost:5173' };
    for (const purpose of PURPOSES) assert.equal(reason(purpose, env, headers), undefined);
  });

  it('no header marks it as forwarded', () => {
    for (const name of [
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-forwarded',
      'forwarded',
      'via',
      'x-real-ip',
      'x-client-ip',
      'true-client-ip',
      'cf-connecting-ip',
      'x-original-forwarded-for',
      'x-envoy-external-address',
      'cdn-loop',
    ])
      refused({ ...LOCAL, [name]: '203.0.113.7' }, /set (API_KEY|MQTT_USERNAME).* behind a proxy/);
    for (const name of ['x-request-id', 'user-agent', 'upgrade-insecure-requests', 'x-api-key'])
      assert.equal(reason('change', {}, { ...LOCAL, [name]: '1' }), undefined, name);
  });

  it('it comes from this computer; the refusal tells others to set API_KEY, and where', () => {
    const why = reason('change', {}, LOCAL, LAN) ?? '';
    assert.match(why, /^set API_KEY in the environment or \.env of the simulator/);
    assert.match(why, /a container counts as another computer/);
  });
});

describe('reading without a key', () => {
  it('is open to other computers under any name if the API listens on their network', () => {
    for (const host of ['simulator:8003', '203.0.113.9:8003', 'sim.example'])
      assert.equal(reason('read', {}, { host, 'x-forwarded-for': LAN }, LAN), undefined, host);
    assert.equal(reason('read', {}, {}, LAN), undefined);
  });

  it('is open through a proxy on this computer under the names in API_HOSTS, and changing is not', () => {
    const env = { API_HOSTS: 'sim.example, Plant.example.' };
    const proxied = { host: 'sim.example', 'x-forwarded-for': LAN };
    assert.equal(reason('read', env, proxied), undefined);
    assert.equal(reason('read', env, { ...proxied, host: 'plant.example:443' }), undefined);
    assert.equal(reason('read', env, { ...proxied, origin: 'https://sim.example' }), undefined);
    assert.match(reason('read', env, { ...proxied, origin: 'https://a.example' }) ?? '', /CORS/);
    assert.match(reason('read', env, { ...proxied, host: 'other.example' }) ?? '', /API_HOSTS/);
    assert.match(reason('change', env, proxied) ?? '', /set API_KEY behind a proxy/);
    assert.match(reason('change', env, { host: 'sim.example' }) ?? '', /set API_KEY/);
    assert.match(reason('broker', env, proxied) ?? '', /behind a proxy/);
  });

  it('is open to every page if API_CORS_ORIGINS is *; changes and the broker are not', () => {
    const env = { API_CORS_ORIGINS: '*' };
    const headers = { ...LOCAL, origin: 'http://elsewhere.example' };
    assert.equal(reason('read', env, headers), undefined);
    assert.match(reason('change', env, headers) ?? '', /name it in API_CORS_ORIGINS/);
    assert.match(reason('broker', env, headers) ?? '', /name it in API_CORS_ORIGINS/);
    const { remarks } = loadConfiguration({ env, cwd: import.meta.dirname });
    assert.match(remarks.join(), /API_CORS_ORIGINS: \* lets every page read/);
    const withKey = loadConfiguration({ env: { ...env, API_KEY: 'k' }, cwd: import.meta.dirname });
    assert.doesNotMatch(withKey.remarks.join(), /API_CORS_ORIGINS/);
  });

  it('is open to everyone once a key is set', () => {
    const headers = { host: 'sim.example', 'x-forwarded-for': LAN };
    assert.equal(reason('read', { API_KEY: 'k' }, headers), undefined);
  });
});

describe('the broker by WebSocket', () => {
  const OPEN = { MQTT_BIND_HOST: '0.0.0.0' };

  it('is for this computer only while the MQTT port is, whatever address HTTP listens on', () => {
    const env = { API_HOST: '0.0.0.0', API_KEY: 'k' };
    assert.match(reason('broker', env, LOCAL, LAN) ?? '', /MQTT_BIND_HOST/);
    assert.equal(reason('broker', env, LOCAL), undefined);
    const withUser = { ...env, MQTT_USERNAME: 'u', MQTT_PASSWORD: 'p' };
    assert.match(reason('broker', withUser, LOCAL, LAN) ?? '', /MQTT_BIND_HOST/);
  });

  it('is open to programs on other computers if the MQTT port is, and to pages by IP address only', () => {
    assert.equal(reason('broker', OPEN, { host: 'simulator:8003' }, LAN), undefined);
    const page = (host: string) => ({ host, origin: `http://${host}` });
    assert.equal(reason('broker', OPEN, page('192.0.2.1:8003'), LAN), undefined);
    assert.equal(reason('broker', OPEN, page('localhost:8003'), LAN), undefined);
    assert.match(reason('broker', OPEN, page('rebound.example:8003'), LAN) ?? '', /localhost/);
    const foreign = { host: '192.0.2.1:8003', origin: 'http://elsewhere.example' };
    assert.match(reason('broker', OPEN, foreign, LAN) ?? '', /API_CORS_ORIGINS/);
  });

  it('is open to a proxy’s own pages if it requires credentials', () => {
    const env = { MQTT_USERNAME: 'u', MQTT_PASSWORD: 'p' };
    const proxied = { host: 'sim.example', 'x-forwarded-for': LAN };
    assert.equal(reason('broker', env, { ...proxied, origin: 'https://sim.example' }), undefined);
    const foreign = { ...proxied, origin: 'https://elsewhere.example' };
    assert.match(reason('broker', env, foreign) ?? '', /API_CORS_ORIGINS/);
  });
});

describe('with API_LOCAL_ADDRESSES, as in a container', () => {
  const env = {
    API_HOST: '0.0.0.0',
    MQTT_BIND_HOST: '0.0.0.0',
    API_LOCAL_ADDRESSES: '192.0.2.1, 2001:db8::/64',
  };
  const GATEWAYS = ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::7'];

  it('clients from there may change anything, and clients from elsewhere may not', () => {
    for (const peer of ['127.0.0.1', ...GATEWAYS])
      for (const purpose of PURPOSES)
        assert.equal(reason(purpose, env, LOCAL, peer), undefined, peer);
    for (const peer of ['192.0.2.2', '::ffff:192.0.2.2', '2001:db8:0:1::7', '192.0.2.1%eth0'])
      assert.match(reason('change', env, LOCAL, peer) ?? '', /^set API_KEY/, peer);
  });

  it('foreign names of this computer, pages of others and proxies are refused there, too', () => {
    for (const peer of GATEWAYS)
      for (const purpose of PURPOSES) {
        const why = (headers: Record<string, string>) => reason(purpose, env, headers, peer) ?? '';
        assert.match(why({ host: 'rebound.example:8003' }), /is not localhost/);
        assert.match(why({ ...LOCAL, origin: 'http://elsewhere.example' }), /may not/);
        assert.match(why({ ...LOCAL, 'x-forwarded-for': LAN }), /behind a proxy/);
      }
  });

  it('a key is required if one is set', () => {
    assert.match(reason('change', { ...env, API_KEY: 'k' }, LOCAL, '192.0.2.1') ?? '', /a key/);
  });

  it('gateway is the address of the default gateway', () => {
    const gateway = endianness() === 'LE' ? '010200C0' : 'C0000201';
    const routes = `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
      eth0 00000000 ${gateway} 0003 0 0 0 00000000 0 0 0
      eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
      eth1 00000000 00000000 0001 0 0 0 00000000 0 0 0`;
    assert.deepEqual(gateways(routes), ['192.0.2.1']);
    assert.deepEqual(gateways(''), []);
    // Without a gateway the list is empty, and nobody else becomes local.
    assert.equal(addressList(['gateway']).check('198.51.100.1'), false);
  });
});

describe('the guard', () => {
  const ask = ({ app }: Simulation, url: string, headers: Record<string, string>, more = {}) =>
    app.inject({ url, headers, ...more });

  it('refuses a foreign host name that points here, on every route', () =>
    withSimulation({}, async (simulation) => {
      const headers = { host: 'rebound.example:8003' };
      for (const url of [
        '/',
        '/health',
        '/metrics',
        '/docs',
        '/dashboard/swagger-ui.css',
        '/openapi.json',
        '/simulator/machines',
        '/simulator/stream',
        '/nowhere',
      ]) {
        const { statusCode, json } = await ask(simulation, url, headers);
        assert.equal(statusCode, 403, url);
        assert.match(
          json().message,
          /rebound\.example:8003 is not localhost: name it in API_HOSTS/,
        );
      }
      const method = 'POST' as const;
      const stop = await ask(simulation, '/simulator/stop', headers, { method });
      assert.equal(stop.statusCode, 403);
    }));

  it('answers probes of orchestrators and Prometheus from other computers', () =>
    withSimulation({}, async (simulation) => {
      for (const url of ['/health', '/health/live', '/health/ready', '/metrics']) {
        const more = { remoteAddress: '203.0.113.9' };
        const { statusCode } = await ask(simulation, url, { host: '203.0.113.5:8003' }, more);
        assert.equal(statusCode, 200, url);
      }
    }));

  it('counts guesses of a key like any request', () =>
    withSimulation({ env: { API_KEY: 'k' }, requestsPerMinute: 3 }, async (simulation) => {
      const guess = () =>
        ask(simulation, '/simulator/stop', { 'x-api-key': 'guess' }, { method: 'POST' });
      for (let i = 0; i < 3; i++) assert.equal((await guess()).statusCode, 401);
      assert.equal((await guess()).statusCode, 429);
    }));

  it('quotes at most a line of a header', () =>
    withSimulation({}, async (simulation) => {
      const { statusCode, body } = await ask(simulation, '/', { host: 'x'.repeat(8000) });
      assert.equal(statusCode, 403);
      assert.ok(body.length < 300, body);
    }));
});

describe('the startup settings', () => {
  const PRIVATE = [
    'API_HOST',
    'API_LOCAL_ADDRESSES',
    'DATA_DIR',
    'FACTORY_FILE',
    'MQTT_BIND_HOST',
    'MQTT_CLIENT_ID',
    'MQTT_HOST',
    'MQTT_USERNAME',
    'POSTGRES_DB',
    'POSTGRES_HOST',
    'POSTGRES_USER',
  ];
  const variablesOf = async ({ app }: Simulation, more: object): Promise<string[]> =>
    Object.keys((await app.inject({ url: '/simulator/config', ...more })).json().variables);

  it('show paths, hosts and users only to clients that may change settings', async () => {
    await withSimulation({ env: { API_KEY: 'k' } }, async (simulation) => {
      const all = await variablesOf(simulation, { headers: { 'x-api-key': 'k' } });
      const few = await variablesOf(simulation, {});
      for (const name of PRIVATE) assert.ok(all.includes(name) && !few.includes(name), name);
      for (const name of ['API_PORT', 'SIMULATION_SEED', 'MQTT_QOS'])
        assert.ok(few.includes(name), name);
    });
    await withSimulation({}, async (simulation) => {
      const near = await variablesOf(simulation, {});
      const far = await variablesOf(simulation, { remoteAddress: LAN });
      for (const name of PRIVATE) assert.ok(near.includes(name) && !far.includes(name), name);
    });
  });
});
