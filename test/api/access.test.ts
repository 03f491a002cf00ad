import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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

  it('whoever has it may change things from anywhere, in either header', () =>
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

  it('even this computer needs it, and no answer tells it', () =>
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
  it('has a request id, which may be the client’s, and headers that keep browsers careful', () =>
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

  it('says what browsers of configured origins need, and nothing for others', () =>
    withSimulation({ env: { API_CORS_ORIGINS: 'https://example.com' } }, async ({ app }) => {
      const ask = (origin: string) => app.inject({ url: '/', headers: { origin } });
      const allowed = await ask('https://example.com');
      assert.equal(allowed.headers['access-control-allow-origin'], 'https://example.com');
      const other = await ask('https://example.org');
      assert.equal(other.headers['access-control-allow-origin'], undefined);
    }));

  it('is 429 for an address that asks too often, but health is always told', () =>
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
