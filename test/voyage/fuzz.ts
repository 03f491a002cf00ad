import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { buildApp } from '../../src/api/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { assemble } from '../../src/service/assembly.ts';
import { freePort } from '../servers.ts';
import { type Document, type Planned, requestsOf, Told } from './requests.ts';
import { newFolder } from './simulator-process.ts';

/** An answer that has not begun, or does not go on, within this hangs [ms]. */
const HANG_MS = 30_000;
/** Of an answer without end so much is enough. */
const ANSWER_MAX_BYTES = 65_536;
const TOLD_MAX = 2000;
const SHOWN = 10;
/** What an error must not tell: stacks, files, statements, errors of the language. */
const INTERNALS =
  /\n\s+at |node_modules|\.[cm]?[jt]s\b|\/(home|tmp|usr|work|var)\/|\bselect .+ from\b|\binsert into\b|simulator\.[a-z]|\b(Type|Reference|Range|Syntax)Error\b/;

/** How many requests, and which. */
export interface FuzzVoyage {
  readonly requests: number;
  readonly seed: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly isWhole: boolean;
}

/**
 * Asks every route that the OpenAPI document describes for what it takes and for what it does not.
 * Ids and instants of answers are used in later requests, so that most of them find something.
 */
export async function fuzzVoyage(t: TestContext, { requests, seed }: FuzzVoyage): Promise<void> {
  t.diagnostic(`seed ${seed}`);
  const port = await startApi(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const get = (path: string) =>
    ask(agent, port, { method: 'get', path, inPath: {}, query: {}, headers: {} }, []);

  const description = await fetch(`http://127.0.0.1:${port}/openapi.json`);
  const document = (await description.json()) as Document;
  const planned = fc.sample(requestsOf(document), { numRuns: requests, seed });
  const told: string[] = [];
  const faults: string[] = [];
  const statuses = new Map<number, number>();
  for (const [i, each] of planned.entries()) {
    const what = `request ${i}, ${JSON.stringify(each)}`;
    const answer = await ask(agent, port, each, told).catch((error: unknown) => String(error));
    if (typeof answer === 'string') {
      faults.push(`${what}: ${answer}`);
      continue;
    }
    const { status, text } = answer;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500) faults.push(`${what}: ${status} ${text}`);
    if (status >= 400 && INTERNALS.test(text)) faults.push(`${what}: it tells ${text}`);
    if (status === 200 && answer.isWhole) remember(told, text);
  }
  t.diagnostic(JSON.stringify(Object.fromEntries([...statuses].sort())));
  assert.deepEqual(faults.slice(0, SHOWN), [], `${faults.length} faults with seed ${seed}`);
  assert.ok((statuses.get(200) ?? 0) > requests / 5, 'most requests have found nothing');
  const health = JSON.parse((await get('/health')).text) as { status: string };
  assert.equal(health.status, 'healthy');
  assert.equal((await get('/health/ready')).status, 200);
}

/** A whole simulator, but for its limit of requests. @returns The port of its API. */
async function startApi(t: TestContext): Promise<number> {
  const folder = newFolder();
  const env = { DATA_DIR: folder, MQTT_PORT: String(await freePort()) };
  const configuration = loadConfiguration({ env, cwd: folder });
  const log = pino({ level: 'error' });
  const assembly = await assemble(configuration, log);
  const running = assembly.run();
  const app = await buildApp(assembly.simulator, configuration, {
    logger: log,
    requestsPerMinute: Number.MAX_SAFE_INTEGER,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await Promise.all([app.close(), assembly.stop()]);
    await running;
  });
  return (app.server.address() as AddressInfo).port;
}

/** Sends a request and takes what is answered, or the beginning of it. */
async function ask(
  agent: Agent,
  port: number,
  planned: Planned,
  told: readonly string[],
): Promise<Answer> {
  const { method, inPath, headers } = planned;
  const given = (value: unknown) => textOf(filledIn(value, told));
  let path = planned.path.replace(/\{(\w+)\}/g, (braces, name) =>
    name in inPath ? encodeURIComponent(given(inPath[name])) : encodeURIComponent(braces),
  );
  const query = Object.entries(planned.query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(given(value))}`,
  );
  if (query.length > 0) path += `?${query.join('&')}`;
  const body = planned.body === undefined ? undefined : given(planned.body);
  const sent = request({
    agent,
    host: '127.0.0.1',
    port,
    method: method.toUpperCase(),
    path,
    headers: headers as Record<string, string>,
    timeout: HANG_MS,
  });
  sent.on('timeout', () => sent.destroy(new Error('it hangs')));
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return answerOf(response);
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const isEndless = headers['content-type']?.startsWith('text/event-stream') === true;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    // Leaving the loop closes the connection, as a client does that has seen enough.
    if (isEndless || length > ANSWER_MAX_BYTES) break;
  }
  return { status, text: Buffer.concat(chunks).toString(), isWhole: response.complete };
}

/** Text without halves of characters, which no URL can hold. */
function textOf(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString();
}

/** A value with what was told in its places. */
function filledIn(value: unknown, told: readonly string[]): unknown {
  if (value instanceof Told) {
    const pattern = new RegExp(value.pattern);
    const fitting = told.filter((text) => pattern.test(text));
    return fitting[value.nth % fitting.length] ?? '';
  }
  if (Array.isArray(value)) return value.map((each) => filledIn(each, told));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, filledIn(v, told)]));
}

/** Keeps the texts of an answer that may be used again; paths of files would look like leaks. */
function remember(told: string[], answer: string): void {
  const texts = answer.match(/"[^"\\/]{1,64}"/g) ?? [];
  for (const text of texts.slice(0, SHOWN * SHOWN)) {
    const bare = text.slice(1, -1);
    if (told.length < TOLD_MAX && !told.includes(bare)) told.push(bare);
  }
}
