import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { COMPRESSOR, NOBODY, type Simulation, startSimulation } from '../simulation.ts';
import { type Document, type Operation, operationsOf } from './openapi.ts';

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

/** Generated clients have methods with these names, so they never change. */
const OPERATION_IDS: Readonly<Record<string, string>> = {
  'get /': 'getService',
  'get /health': 'getHealth',
  'get /health/live': 'getLiveness',
  'get /health/ready': 'getReadiness',
  'post /simulator/start': 'startMachines',
  'post /simulator/stop': 'stopMachines',
  'get /simulator/status': 'getStatus',
  'get /simulator/machines': 'listMachines',
  'post /simulator/machines': 'createMachine',
  'get /simulator/machines/{machine_id}': 'getMachine',
  'put /simulator/machines/{machine_id}': 'updateMachine',
  'delete /simulator/machines/{machine_id}': 'deleteMachine',
  'post /simulator/machines/{machine_id}/anomaly': 'injectAnomaly',
  'delete /simulator/machines/{machine_id}/anomaly': 'clearAnomalies',
  'get /simulator/anomalies': 'listAnomalies',
  'post /simulator/scenarios': 'beginScenario',
  'get /simulator/scenarios': 'listScenarios',
  'get /simulator/scenarios/{name}': 'getScenario',
  'delete /simulator/scenarios/{name}': 'endScenario',
  'post /simulator/machines/{machine_id}/defect': 'injectDefect',
  'delete /simulator/machines/{machine_id}/defect': 'mendDefects',
  'get /simulator/defects': 'listDefects',
  'get /simulator/measures': 'listMeasures',
  'get /simulator/machines/{machine_id}/readings': 'getReadings',
  'get /simulator/machines/{machine_id}/series': 'getSeries',
  'get /simulator/machines/{machine_id}/baseline': 'getBaseline',
  'get /simulator/stream': 'streamEvents',
  'get /simulator/config': 'getConfig',
  'put /simulator/config': 'updateConfig',
  'get /simulator/info': 'getInfo',
  'get /simulator/factories': 'listFactories',
  'post /simulator/factories': 'createFactory',
  'get /simulator/factories/{factory_id}': 'getFactory',
  'put /simulator/factories/{factory_id}': 'updateFactory',
  'delete /simulator/factories/{factory_id}': 'deleteFactory',
  'get /metrics': 'getMetrics',
  'get /simulator/journal': 'listJournal',
  'get /simulator/cluster': 'getCluster',
  'post /simulator/exports': 'createExport',
  'get /simulator/exports': 'listExports',
  'get /simulator/exports/{export_id}': 'getExport',
  'delete /simulator/exports/{export_id}': 'deleteExport',
  'get /simulator/exports/{export_id}/files/{path}': 'downloadExportFile',
  'get /simulator/exports/{export_id}/download': 'downloadExport',
};

interface Failure {
  readonly errors?: readonly { readonly path: string }[];
}

/** Asserts that a description stands alone. */
function assertSentence(text: string | undefined, place: string): void {
  assert.match(text ?? '', /^[A-Z].*[.)]$/s, place);
  assert.doesNotMatch(text ?? '', /likewise|of that|^(It|Its|They)\b.{0,12}$/i, place);
}

/** Asserts that every property of a schema is described. */
function assertProperties(schema: TSchema, place: string): void {
  const {
    properties = {},
    items,
    anyOf = [],
    additionalProperties,
  } = schema as {
    properties?: Record<string, TSchema & { description?: string }>;
    items?: TSchema;
    anyOf?: TSchema[];
    additionalProperties?: unknown;
  };
  for (const [name, property] of Object.entries(properties)) {
    assertSentence(property.description, `${place}.${name}`);
    assertProperties(property, `${place}.${name}`);
  }
  for (const each of [items, additionalProperties, ...anyOf])
    if (typeof each === 'object' && each !== null) assertProperties(each as TSchema, place);
}

describe('the OpenAPI document', () => {
  let simulation: Simulation;
  let document: Document;
  let operations: Operation[];
  before(async () => {
    simulation = await startSimulation();
    await simulation.app.inject({ method: 'POST', url: '/simulator/stop' });
    await simulation.app.inject({ method: 'POST', url: '/simulator/start' });
    document = (await simulation.app.inject('/openapi.json')).json();
    operations = operationsOf(document);
  });
  after(() => simulation.close());

  it('has an operation for each route, whose id never changes', () => {
    const ids = operations.map(({ path, method, operationId }) => [
      `${method} ${path}`,
      operationId,
    ]);
    assert.deepEqual(Object.fromEntries(ids), OPERATION_IDS);
    assert.equal(new Set(Object.values(OPERATION_IDS)).size, ids.length);
  });

  it('passes the strict rules of a linter without an error or a warning', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const lint = (source: unknown) => lintFromString({ source: JSON.stringify(source), config });
    const problems = await lint(document);
    assert.deepEqual(
      problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
      [],
    );
    assert.ok((await lint({ ...document, servers: [] })).length > 0, 'the linter checks nothing');
  });

  it('describes each tag, operation, parameter, body, property and response', () => {
    assert.equal(document.openapi, '3.1.0');
    for (const { name, description } of document.tags) assert.ok(description, name);
    for (const operation of operations) {
      const { path, method, summary, description, tags, parameters, requestBody } = operation;
      const name = `${method} ${path}`;
      assert.ok(summary && description, name);
      assert.ok(!/\.$/.test(summary) && /\.$/.test(description), name);
      assert.equal(tags.length, 1, name);
      for (const each of parameters) assertSentence(each.description, `${name} ${each.name}`);
      if (requestBody) {
        assertSentence(requestBody.description, name);
        for (const { schema } of Object.values(requestBody.content))
          assertProperties(schema, `${name} body`);
      }
      for (const [status, { description, headers = {}, content }] of Object.entries(
        operation.responses,
      )) {
        assertSentence(description, `${name} ${status}`);
        for (const [header, { description }] of Object.entries(headers))
          assertSentence(description, `${name} ${status} ${header}`);
        for (const { schema } of Object.values(content))
          assertProperties(schema, `${name} ${status}`);
      }
    }
  });

  it('documents the errors that each operation can answer', () => {
    for (const { path, method, responses, parameters, requestBody } of operations) {
      const name = `${method} ${path}`;
      for (const status of ['403', '429']) assert.ok(responses[status], `${name} ${status}`);
      if (parameters.length > 0 || requestBody) assert.ok(responses['422'], name);
      if (path.includes('{')) assert.ok(responses['404'], name);
      if (method !== 'get') assert.ok(responses['401'], name);
    }
  });

  it('has valid examples of parameters, bodies, properties and errors', () => {
    let count = 0;
    const check = (schema: TSchema, example: unknown, place: string) => {
      assert.deepEqual([...Value.Errors(schema, example)], [], place);
      count++;
    };
    const checkAll = (value: unknown, place: string) => {
      if (typeof value !== 'object' || value === null) return;
      const { examples } = value as { examples?: unknown };
      if (Array.isArray(examples))
        for (const each of examples) check(value as TSchema, each, place);
      for (const [key, each] of Object.entries(value)) checkAll(each, `${place}.${key}`);
    };
    for (const { path, method, parameters, requestBody, responses } of operations) {
      const name = `${method} ${path}`;
      checkAll(responses, name);
      for (const { name: parameter, schema, required, example } of parameters) {
        assert.ok(!required || example !== undefined, `${name} ${parameter}`);
        if (example !== undefined) check(schema, example, `${name} ${parameter}`);
      }
      const { from, to } = Object.fromEntries(parameters.map((each) => [each.name, each.example]));
      if (from) assert.ok(String(from) < String(to) && Date.parse(String(to)) < Date.now(), name);
      for (const { schema, example } of Object.values(requestBody?.content ?? {}))
        check(schema, example, `${name} body`);
      for (const [status, { content }] of Object.entries(responses))
        if (Number(status) >= 400)
          for (const { schema, example } of Object.values(content))
            check(schema, example, `${name} ${status}`);
    }
    assert.ok(count > 400, `${count} examples`);
  });

  it('has examples of errors that fit the operation', async () => {
    for (const { path, method, parameters, requestBody, responses } of operations) {
      const name = `${method} ${path}`;
      const schema = requestBody?.content['application/json']?.schema as { properties?: object };
      const known = new Set([
        ...parameters.map((each) => each.name),
        ...Object.keys(schema?.properties ?? {}),
      ]);
      for (const [status, { content }] of Object.entries(responses)) {
        const example = content['application/json']?.example as Failure | undefined;
        for (const error of example?.errors ?? []) assert.ok(known.has(error.path), name);
        const id = parameters.find((each) => each.in === 'path' && each.name.endsWith('_id'));
        const isMissing = status === '404' && id && method === 'get';
        // Nothing is stored here, so there are no exports to be missing.
        if (!isMissing || id.name === 'export_id') continue;
        const url = path.replace(/\{\w+\}/, NOBODY);
        const { statusCode, body } = await simulation.app.inject(url);
        assert.deepEqual([statusCode, JSON.parse(body)], [404, example], name);
      }
    }
  });

  it('marks required bodies, and operations that may need the key', () => {
    for (const { path, method, requestBody, security } of operations) {
      const isOptional = path === '/simulator/start' || path === '/simulator/stop';
      if (requestBody) assert.equal(requestBody.required, !isOptional, path);
      const keys = [{}, { key: [] }, { bearer: [] }];
      assert.deepEqual(security, method === 'get' ? [] : keys, path);
    }
  });

  it('describes every key of a response', async () => {
    for (const { path, method, responses } of operations) {
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
      const operation = operations.find((each) => each.path === path && each.method === method);
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
