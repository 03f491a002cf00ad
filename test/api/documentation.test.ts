import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { COMPRESSOR, type Simulation, startSimulation } from '../simulation.ts';

interface Media {
  readonly schema: TSchema;
  readonly example?: unknown;
  readonly examples?: Record<string, { value: unknown }>;
}

interface Operation {
  readonly tags?: string[];
  readonly summary?: string;
  readonly requestBody?: { required: boolean; content: Record<string, Media> };
  readonly security?: object[];
  readonly responses: Record<string, { content?: Record<string, { schema: TSchema }> }>;
}

const MACHINE = '/simulator/machines/{machine_id}';
const FACTORY = '/simulator/factories/{factory_id}';
const JSON_GETS = [
  '/',
  '/health',
  '/health/live',
  '/health/ready',
  '/simulator/status',
  '/simulator/machines',
  MACHINE,
  `${MACHINE}/readings`,
  '/simulator/config',
  '/simulator/info',
  '/simulator/factories',
  FACTORY,
  '/simulator/journal',
];

const IDS: Record<string, string> = {
  '{machine_id}': COMPRESSOR,
  '{factory_id}': '11111111-1111-1111-1111-111111111111',
};

describe('the OpenAPI document', () => {
  let simulation: Simulation;
  let operations: [path: string, method: string, operation: Operation][];
  before(async () => {
    simulation = await startSimulation();
    await simulation.app.inject({ method: 'POST', url: '/simulator/stop' });
    await simulation.app.inject({ method: 'POST', url: '/simulator/start' });
    const document = (await simulation.app.inject('/openapi.json')).json();
    assert.equal(document.openapi, '3.1.0');
    const paths = document.paths as Record<string, Record<string, Operation>>;
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [path, method, operation] as (typeof operations)[0],
      ),
    );
  });
  after(() => simulation.close());

  it('has every route of the API', () => {
    const known = operations.map(([path, method]) => `${method.toUpperCase()} ${path}`);
    for (const path of [...JSON_GETS, '/simulator/exports', '/simulator/stream', '/metrics'])
      assert.ok(known.includes(`GET ${path}`), path);
    for (const route of [
      'POST /simulator/start',
      'POST /simulator/stop',
      `POST ${MACHINE}/anomaly`,
      `DELETE ${MACHINE}/anomaly`,
      'PUT /simulator/config',
      'POST /simulator/machines',
      `PUT ${MACHINE}`,
      `DELETE ${MACHINE}`,
      'POST /simulator/factories',
      `PUT ${FACTORY}`,
      `DELETE ${FACTORY}`,
      'POST /simulator/exports',
      'DELETE /simulator/exports/{export_id}',
    ])
      assert.ok(known.includes(route), route);
  });

  it('gives each route a summary, a tag, success and error responses', () => {
    for (const [path, method, { summary, tags, responses }] of operations) {
      const name = `${method} ${path}`;
      assert.ok(summary, name);
      assert.equal(tags?.length, 1, name);
      assert.ok((responses['200'] ?? responses['201'] ?? responses['202'])?.content, name);
      assert.ok(responses['429']?.content, name);
      if (path.includes('{')) assert.ok(responses['404'] && responses['422'], name);
      if (method !== 'get') assert.ok(responses['401'] && responses['403'], name);
    }
  });

  it('has valid examples of every request body', () => {
    let count = 0;
    for (const [path, , { requestBody }] of operations) {
      if (!requestBody) continue;
      const { schema, example, examples = {} } = requestBody.content['application/json'] as Media;
      const shown = [example, ...Object.values(examples).map(({ value }) => value)];
      const given = shown.filter((each) => each !== undefined);
      assert.ok(given.length > 0, path);
      for (const each of given) assert.ok(Value.Check(schema, each), path);
      count++;
    }
    assert.equal(count, 9);
  });

  it('marks required bodies, and routes that may need the key', () => {
    for (const [path, method, { requestBody, security }] of operations) {
      const isOptional = path === '/simulator/start' || path === '/simulator/stop';
      if (requestBody) assert.equal(requestBody.required, !isOptional, path);
      assert.equal(security !== undefined, method !== 'get', path);
    }
  });

  it('describes every key of a response', async () => {
    for (const [path, method, { responses }] of operations) {
      if (method !== 'get' || !JSON_GETS.includes(path)) continue;
      const url = path.replace(/\{\w+\}/, (name) => IDS[name] as string);
      const response = await simulation.app.inject(url);
      assert.equal(response.statusCode, 200, path);
      const schema = responses['200']?.content?.['application/json']?.schema as TSchema;
      const body = response.json();
      assert.deepEqual([...Value.Errors(schema, body)], [], path);
      const first = Array.isArray(body) ? body[0] : body;
      const described = (Array.isArray(body) ? (schema as { items?: TSchema }).items : schema) as {
        properties?: object;
        additionalProperties?: object;
      };
      if (!described.additionalProperties)
        assert.deepEqual(Object.keys(first), Object.keys(described.properties ?? {}), path);
    }
  });

  it('describes the responses of commands, success or failure', async () => {
    const requests = [
      ['post', '/simulator/stop', {}],
      ['post', '/simulator/start', {}],
      ['post', `${MACHINE}/anomaly`, { anomaly_type: 'leak' }],
      ['post', `${MACHINE}/anomaly`, { anomaly_type: 'leak', severity: 9 }],
      ['delete', `${MACHINE}/anomaly`, undefined],
      ['put', '/simulator/config', { anomaly_probability: 0.2 }],
      ['put', '/simulator/config', { anomaly_probability: 2 }],
    ] as const;
    for (const [method, path, payload] of requests) {
      const url = path.replace('{machine_id}', COMPRESSOR);
      const request = payload ? { method, url, payload } : { method, url };
      const response = await simulation.app.inject(request);
      const operation = operations.find(([p, m]) => p === path && m === method)?.[2];
      const content = operation?.responses[response.statusCode]?.content;
      const schema = content?.['application/json']?.schema as TSchema;
      assert.deepEqual([...Value.Errors(schema, response.json())], [], `${method} ${path}`);
    }
  });
});

describe('the documentation pages', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
  });
  after(() => simulation.close());

  for (const page of ['/docs', '/redoc'])
    it(`${page} loads everything from the simulator itself`, async () => {
      const { app } = simulation;
      const response = await app.inject(page);
      assert.equal(response.statusCode, 200);
      assert.match(response.headers['content-type'] as string, /^text\/html/);
      const policy = response.headers['content-security-policy'] as string;
      assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
      assert.match(policy, /script-src 'self';/);
      assert.doesNotMatch(response.body, /<script>|(src|href)="https?:/);
      const links = [...response.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link);
      assert.ok(links.length > 0);
      for (const link of links) {
        const { pathname } = new URL(link as string, `http://localhost${page}`);
        assert.equal((await app.inject(pathname)).statusCode, 200, link);
      }
    });

  it('have one address each: with a slash at the end, they redirect to the one without', async () => {
    const { app } = simulation;
    for (const page of ['/docs', '/redoc']) {
      const { statusCode, headers } = await app.inject(`${page}/`);
      assert.equal(statusCode, 308);
      const base = 'http://localhost/plant/sim';
      const { href } = new URL(headers['location'] as string, `${base}${page}/`);
      assert.equal(href, `${base}${page}`);
    }
  });

  it('the script of ReDoc fetches nothing from other hosts', async () => {
    const page = await simulation.app.inject('/redoc');
    const [, script = ''] = /src="(dashboard\/redoc[^"]+)"/.exec(page.body) ?? [];
    const { statusCode, body } = await simulation.app.inject(`/${script}`);
    assert.equal(statusCode, 200);
    assert.doesNotMatch(body, /cdn\.redoc\.ly/);
  });
});
