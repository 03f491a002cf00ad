import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { WebSocket } from 'ws';
import { freshDirectory, Program } from '../cli/program.ts';
import { freePort } from '../servers.ts';
import { file, textOf } from './files.ts';

const RED = file('test/tools/node_modules/node-red/red.js');
const MACHINES = [
  'compressor-1',
  'conveyor-a',
  'hvac-main',
  'hydraulic-pump-1',
  'injection-molding-1',
];
/** Simulated seconds per real second: ten minutes pass in a few seconds. */
const SPEED = 120;

/** For `skip`: the reason if Node-RED is not installed. In CI nothing is skipped. */
function withoutNodeRed(): string | false {
  if (process.env['CI'] || existsSync(RED)) return false;
  return 'Node-RED is not installed: npm ci --prefix test/tools';
}

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

const flow: readonly FlowNode[] = JSON.parse(textOf('examples/node-red/flow.json'));

/** The flow with the addresses of a test, as a user would set them. */
function flowFor(apiPort: number, mqttPort: number): FlowNode[] {
  return flow.map((node) => {
    if (node.type === 'mqtt-broker')
      return { ...node, broker: '127.0.0.1', port: String(mqttPort) };
    const env = node.env?.map((each) =>
      each.name === 'SIMULATOR_URL' ? { ...each, value: `http://127.0.0.1:${apiPort}` } : each,
    );
    return env ? { ...node, env } : node;
  });
}

/** What Node-RED tells its editor: a message in the debug sidebar, or the status of a node. */
interface Event {
  readonly topic: string;
  readonly data: { readonly id?: string; readonly msg?: string; readonly text?: string };
}

/** A Node-RED, operated as its editor does. */
class NodeRed {
  readonly #url: string;
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #events: Event[] = [];
  #wake: () => void = () => {};

  private constructor(url: string, process: ChildProcess, socket: WebSocket) {
    this.#url = url;
    this.#process = process;
    this.#socket = socket;
    socket.on('message', (text) => {
      this.#events.push(...[JSON.parse(String(text))].flat());
      this.#wake();
    });
  }

  static async start(folder: string): Promise<NodeRed> {
    const uiPort = await freePort();
    const settings = join(folder, 'settings.js');
    writeFileSync(
      settings,
      `module.exports = ${JSON.stringify({
        uiPort,
        uiHost: '127.0.0.1',
        flowFile: 'flows.json',
        credentialSecret: false,
        telemetry: { enabled: false },
        externalModules: { palette: { allowInstall: false } },
      })}`,
    );
    const words = [RED, '--userDir', folder, '--settings', settings];
    const red = spawn(process.execPath, words, {
      env: { PATH: process.env['PATH'], HOME: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    for await (const line of createInterface(red.stdout)) {
      lines.push(line);
      if (line.includes('Started flows')) break;
    }
    assert.equal(red.exitCode, null, lines.join('\n'));
    red.stdout.resume();
    const socket = new WebSocket(`ws://127.0.0.1:${uiPort}/comms`);
    await once(socket, 'open');
    for (const topic of ['debug', 'status/#']) socket.send(JSON.stringify({ subscribe: topic }));
    return new NodeRed(`http://127.0.0.1:${uiPort}`, red, socket);
  }

  /** Sends what the editor sends. @returns The answer. */
  async ask(path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'node-red-api-version': 'v2',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  }

  /** Presses the button of an inject node. */
  async press(id: string): Promise<void> {
    await this.ask(`/inject/${id}`, {});
  }

  /** The next event that is accepted; those before it are forgotten. */
  async next<T>(accept: (event: Event) => T | undefined): Promise<T> {
    for (;;) {
      for (let event = this.#events.shift(); event; event = this.#events.shift()) {
        const found = accept(event);
        if (found !== undefined) return found;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The payload of the next message of a debug node that satisfies a condition. */
  shown<T>(id: string, holds: (payload: T) => boolean = () => true): Promise<T> {
    return this.next(({ topic, data }) => {
      if (topic !== 'debug' || data.id !== id) return undefined;
      const payload = payloadOf<T>(data.msg ?? '');
      return holds(payload) ? payload : undefined;
    });
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
  }
}

/** The debug sidebar gets objects as JSON, and texts as they are. */
function payloadOf<T>(text: string): T {
  return (text.startsWith('{') ? JSON.parse(text) : text) as T;
}

test('the Node-RED flow, imported into Node-RED', {
  skip: withoutNodeRed(),
  timeout: 120_000,
}, async (t) => {
  const folder = freshDirectory();
  const [apiPort, mqttPort] = [await freePort(), await freePort()];
  const simulator = new Program(['run'], folder, {
    API_PORT: String(apiPort),
    MQTT_PORT: String(mqttPort),
    SIMULATION_START: '2026-06-01T09:00:00Z',
    SIMULATION_SPEED: String(SPEED),
    SIMULATOR_ENABLE_ANOMALIES: 'false',
  });
  const red = await NodeRed.start(folder);
  t.after(() => red.close());
  await simulator.said(/"running"/);
  await red.ask('/flows', { flows: flowFor(apiPort, mqttPort) });

  await t.test('has core nodes only', async () => {
    const sets = (await red.ask('/nodes')) as { module: string; types: string[] }[];
    const core = sets.filter(({ module }) => module === 'node-red').flatMap(({ types }) => types);
    for (const { type, name } of flow)
      assert.ok(type === 'tab' || core.includes(type), `${name}: ${type} is not built in`);
  });

  await t.test('receives the messages of every machine and adds up their power', async () => {
    await red.ask('/debug/enms-power-debug/enable', {});
    const powers = await red.shown<Record<string, number>>(
      'enms-power-debug',
      (payload) => Object.keys(payload).length === MACHINES.length + 1,
    );
    await red.ask('/debug/enms-power-debug/disable', {});
    const { total_kw: totalKw, ...machines } = powers;
    assert.deepEqual(Object.keys(machines).sort(), MACHINES);
    const sum = Object.values(machines).reduce((total, each) => total + each, 0);
    assert.ok(Math.abs(sum - (totalKw as number)) < 1e-6 && sum > 10, `${sum} kW`);
    for (const id of ['enms-others', 'enms-status-debug']) {
      await red.ask(`/debug/${id}/enable`, {});
      await red.shown(id);
      await red.ask(`/debug/${id}/disable`, {});
    }
  });

  await t.test(
    'starts a leak at the push of a button, shows what it costs, and repairs it',
    async () => {
      await red.press('enms-leak-button');
      assert.match(await red.shown<string>('enms-answer-debug'), /^leak on Compressor-1 until /);
      interface Compared {
        readonly actual: number;
        readonly expected: number;
        readonly difference: number;
        readonly text: string;
      }
      let compared: Compared;
      do {
        await red.press('enms-truth-button');
        compared = await red.shown<Compared>('enms-compare-debug');
      } while (compared.difference < 0.05 * compared.expected);
      const { actual, expected, difference, text } = compared;
      // Each is rounded to a watt-hour.
      assert.ok(Math.abs(actual - expected - difference) < 0.002);
      assert.match(text, /^[\d.]+ kWh, expected [\d.]+ \(\+[\d.]+ %\)$/);
      await red.press('enms-clear-button');
      assert.match(await red.shown<string>('enms-answer-debug'), /^cleared leak/);
    },
  );
});
