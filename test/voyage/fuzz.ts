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
import { type Document, KnownText, type Planned, requestsOf } from './requests.ts';
import { newFolder } from './simulator-process.ts';

/** A response that has not started, or does not continue, within this time hangs [ms]. */
const HANG_MS = 30_000;
/** This much of an endless response is enough. */
const ANSWER_MAX_BYTES = 65_536;
const TEXTS_MAX = 2000;
const SHOWN = 10;
/** What an error must not reveal: stacks, files, statements, errors of the language. */
const INTERNALS =
  /\n\s+at |node_modules|\.[cm]?[jt]s\b|\/(home|tmp|usr|work|var)\/|\bselect .+ from\b|\binsert into\b|simulator\.[a-z]|\b(Type|Reference|Range|Syntax)Error\b/;

/** The number of requests, and their seed. */
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
 * Sends valid and invalid requests to every route of the OpenAPI document.
 * Ids and instants from responses are used in later requests, so that most of them find something.
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
  const known: string[] = [];
  const faults: string[] = [];
  const statuses = new Map<number, number>();
  for (const [i, each] of planned.entries()) {
    const what = `request ${i}, ${JSON.stringify(each)}`;
    const answer = await ask(agent, port, each, known).catch((error: unknown) => String(error));
    if (typeof answer === 'string') {
      faults.push(`${what}: ${answer}`);
      continue;
    }
    const { status, text } = answer;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500) faults.push(`${what}: ${status} ${text}`);
    if (status >= 400 && INTERNALS.test(text)) faults.push(`${what}: it reveals ${text}`);
    if (status === 200 && answer.isWhole) remember(known, text);
  }
  t.diagnostic(JSON.stringify(Object.fromEntries([...statuses].sort())));
  assert.deepEqual(faults.slice(0, SHOWN), [], `${faults.length} faults with seed ${seed}`);
  assert.ok((statuses.get(200) ?? 0) > requests / 5, 'most requests have found nothing');
  const health = JSON.parse((await get('/health')).text) as { status: string };
  assert.equal(health.status, 'healthy');
  assert.equal((await get('/health/ready')).status, 200);
}

/** A complete simulator without its rate limit. @returns The port of its API. */
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

/** Sends a request and reads the response, or its beginning. */
async function ask(
  agent: Agent,
  port: number,
  planned: Planned,
  known: readonly string[],
): Promise<Answer> {
  const { method, inPath, headers } = planned;
  const given = (value: unknown) => textOf(filledIn(value, known));
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
    // Leaving the loop closes the connection, like a client that has read enough.
    if (isEndless || length > ANSWER_MAX_BYTES) break;
  }
  return { status, text: Buffer.concat(chunks).toString(), isWhole: response.complete };
}

/** Text without lone surrogates, which no URL can contain. */
function textOf(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString();
}

/** A value whose placeholders are replaced by texts from responses. */
function filledIn(value: unknown, known: readonly string[]): unknown {
  if (value instanceof KnownText) {
    const pattern = new RegExp(value.pattern);
    const fitting = known.filter((text) => pattern.test(text));
    return fitting[value.nth % fitting.length] ?? '';
  }
  if (Array.isArray(value)) return value.map((each) => filledIn(each, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, filledIn(v, known)]));
}

/** Keeps reusable texts of a response; paths of files would look like leaks. */
function remember(known: string[], answer: string): void {
  const texts = answer.match(/"[^"\\/]{1,64}"/g) ?? [];
  for (const text of texts.slice(0, SHOWN * SHOWN)) {
    const bare = text.slice(1, -1);
    if (known.length < TEXTS_MAX && !known.includes(bare)) known.push(bare);
  }
}
