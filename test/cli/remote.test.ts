/** The commands that talk to a running simulator, in this process and over HTTP. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it, type TestContext } from 'node:test';
import { SimulatorClient } from '../../src/cli/simulator-client.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { MAIN } from '../main-program.ts';
import { COMPRESSOR, HVAC, type Simulation, startSimulation } from '../simulation.ts';
import { until } from '../until.ts';
import { freshDirectory, paper, run } from './program.ts';

const OTHER_HVAC = 'e0000000-0000-0000-0000-000000000002';
const SITES = [
  DEFAULT_FACTORY,
  {
    ...DEFAULT_FACTORY,
    id: '22222222-2222-2222-2222-222222222222',
    name: 'Hall 2',
    machines: DEFAULT_FACTORY.machines.slice(1, 2).map((machine) => ({
      ...machine,
      id: OTHER_HVAC,
      topic: 'factory/second/hvac',
    })),
  },
];
const cwd = freshDirectory();
/** No shell takes this long [ms]. */
const HANGS_AFTER_MS = 60_000;
/** The second screen of a terminal without its cursor, and the first one with it (xterm). */
const OPENED = '\x1b[?1049h\x1b[?25l';
const CLOSED = '\x1b[?25h\x1b[?1049l';

async function serve(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a running simulator', () => {
  let simulation: Simulation;
  let url: string;
  before(async () => {
    simulation = await startSimulation({ factories: SITES });
    url = await simulation.app.listen({ port: 0, host: '127.0.0.1' });
    await simulation.pass(60);
  });
  after(() => simulation.close());

  const at = (...words: readonly string[]) => run([...words, '--url', url], cwd);
  const machine = async (id: string) =>
    (await simulation.app.inject(`/simulator/machines/${id}`)).json();

  it('gets an anomaly by inject, which says what it does and where to look', async () => {
    const words = ['inject', 'compressor-1', 'leak', '--severity', '3', '--for', '10m'];
    const { status, stdout, stderr } = await at(...words);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /^leak on Compressor-1, severity 3, until 2026-06-01T12:11:0\dZ: A leak in the air network/,
    );
    assert.match(stdout, /^ {2}signals +power_kw, flow_rate_m3h/m);
    assert.match(stdout, /^ {2}watch +enms-simulator watch Compressor-1$/m);
    assert.match(stdout, new RegExp(`^  dashboard +${url}/#/machine/${COMPRESSOR}$`, 'm'));
    await simulation.pass(120);
    const { anomaly_type, anomaly_severity } = await machine(COMPRESSOR);
    assert.deepEqual([anomaly_type, anomaly_severity], ['leak', 3]);
  });

  it('shows it in status, for all machines and for one', async () => {
    const all = await at('status');
    assert.equal(all.status, 0, all.stderr);
    assert.match(all.stdout, /^enms-simulator \S+ at http:\S+: running, healthy\n/);
    assert.match(all.stdout, /^ {2}machines +6 of 6 running$/m);
    assert.match(
      all.stdout,
      /^Compressor-1 +Demo Manufacturing Plant .* kW .* leak, severity 3, until 2026-06-01T12:11/m,
    );
    const one = await at('status', 'compressor-1', '--json');
    assert.equal(JSON.parse(one.stdout).anomaly_type, 'leak');
    assert.match((await at('status', COMPRESSOR)).stdout, /^ {2}anomaly +leak, severity 3/m);
    const { machines, health } = JSON.parse((await at('status', '--json')).stdout);
    assert.deepEqual([machines.length, health.status], [6, 'healthy']);
    assert.equal((await at('status', '--quiet')).stdout, '');
  });

  it('loses it by clear, which says what it has cost', async () => {
    const { status, stdout, stderr } = await at('clear', 'Compressor-1', 'leak');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /^cleared leak on Compressor-1: \d+\.\d{3} kWh more than without it, so far\n$/,
    );
    await simulation.pass(2);
    assert.equal((await machine(COMPRESSOR)).anomaly_active, false);
    assert.equal((await at('clear', 'Compressor-1')).stdout, 'Compressor-1 has no anomalies\n');
  });

  it('loses all anomalies by clear --all', async () => {
    await at('inject', 'Compressor-1', 'leak', '--quiet');
    await at('inject', OTHER_HVAC, 'dirty_coils', '--quiet');
    await simulation.pass(60);
    const { stdout } = await at('clear', '--all', '--json');
    const cleared = JSON.parse(stdout).cleared as Record<string, unknown>[];
    assert.deepEqual(
      cleared.map(({ anomaly_type, machine_name }) => [anomaly_type, machine_name]),
      [
        ['leak', 'Compressor-1'],
        ['dirty_coils', 'HVAC-Main'],
      ],
    );
    for (const { excess_energy_kwh } of cleared) assert.equal(typeof excess_energy_kwh, 'number');
    await simulation.pass(2);
    assert.equal((await at('clear', '--all')).stdout, 'no machine has an anomaly\n');
  });

  it('has machines of the same name, which a factory or an id tells apart', async () => {
    const { status, stderr } = await at('status', 'hvac-main');
    assert.equal(status, 2);
    assert.equal(
      stderr,
      `hvac-main: 2 machines have this name: ${HVAC} in Demo Manufacturing Plant, ` +
        `${OTHER_HVAC} in Hall 2; give an id, or --factory\n`,
    );
    for (const words of [
      ['HVAC-Main', '--factory', 'hall 2'],
      ['hvac-main', '--factory', SITES[1]?.id as string],
      [OTHER_HVAC],
    ])
      assert.equal(
        JSON.parse((await at('status', ...words, '--json')).stdout).machine_id,
        OTHER_HVAC,
      );
  });

  it('names the nearest machine and the accepted anomalies, and reports all errors at once', async () => {
    const refused = async (...words: readonly string[]) => {
      const { status, stdout, stderr } = await at(...words);
      assert.deepEqual([status, stdout], [2, ''], words.join(' '));
      return stderr;
    };
    assert.equal(
      await refused('inject', 'Compresor-1', 'leak'),
      'Compresor-1: is not a machine of this simulator; did you mean Compressor-1?\n',
    );
    assert.match(
      await refused('inject', 'Compressor-1', 'leek'),
      /^leek: "leek" is not an anomaly of Compressor-1, .* which has leak, efficiency_loss, /,
    );
    for (const words of [['status', 'HVAC-Main'], ['status'], ['watch'], ['clear', '--all']])
      assert.match(
        await refused(...words, '--factory', 'Hall 3'),
        /^--factory: no factory has the name "Hall 3"/,
      );
    assert.deepEqual(
      (await refused('inject', 'Compressor-1', '--severity', '9', '--for', '1s')).split('\n'),
      [
        'ANOMALY: is missing; see --help',
        '--severity: "9" is not accepted; 1 to 5',
        '--for: "1s" is not accepted; seconds or a duration like 90m, 24h or 7d, 10s to 30d',
        '',
      ],
    );
    assert.match(
      await refused('clear', 'Compressor-1', '--all'),
      /^Compressor-1: is not expected$/m,
    );
  });

  it('is found below the path of a proxy, with or without a slash at its end', async (t) => {
    const proxy = createServer(({ url: path = '', method, headers }, outgoing) => {
      assert.ok(path.startsWith('/plant/sim/'), path);
      request(`${url}${path.slice('/plant/sim'.length)}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(outgoing);
      }).end();
    });
    const base = `${await serve(t, proxy)}/plant/sim`;
    for (const given of [base, `${base}/`]) {
      const { status, stdout, stderr } = await run(['status', '--url', given], cwd);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.includes(` at ${base}: running`));
    }
  });

  it('is where ENMS_SIMULATOR_URL or the DATA_DIR of a simulator says', async () => {
    mkdirSync(join(cwd, 'plant'));
    writeFileSync(join(cwd, 'plant', 'address'), `${url}\n`);
    for (const env of [{ ENMS_SIMULATOR_URL: url }, { DATA_DIR: 'plant', API_PORT: '1' }]) {
      const { stdout, stderr } = await run(['status'], cwd, env);
      assert.ok(stdout.includes(` at ${url}: running`), stderr);
    }
  });

  it('has a dashboard, whose address open prints even without a browser', async () => {
    const { status, stdout } = await run(['open', '--url', url, '--quiet'], cwd, { PATH: cwd });
    assert.deepEqual([status, stdout], [0, `${url}/\n`]);
  });

  it('is watched in lines, one for each machine and for each change of its state', async () => {
    const terminal = paper();
    const watching = run(['watch', '--url', url, '--json'], cwd, {}, terminal);
    const lines = () =>
      terminal.said.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    await until(() => lines().length === 6);
    await simulation.app.inject({
      method: 'POST',
      url: `/simulator/machines/${COMPRESSOR}/anomaly`,
      payload: { anomaly_type: 'leak' },
    });
    await simulation.pass(2);
    await until(() => lines().length > 6);
    // Only the listener of the command: others would end the tests.
    process.listeners('SIGINT').at(-1)?.('SIGINT');
    assert.equal((await watching).status, 0);
    const { machine_name, anomaly_type } = lines().at(-1);
    assert.deepEqual([machine_name, anomaly_type], ['Compressor-1', 'leak']);
  });

  it('is watched on a terminal, which is left as it was', async () => {
    const modes: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (isRaw: boolean) => modes.push(isRaw),
    });
    const page = paper(true);
    const stdout = Object.assign(page.stdout, { columns: 50, rows: 8 });
    const watching = run(['watch', '--url', url], cwd, {}, { ...page, stdin, stdout });
    await until(() => page.said.stdout.includes('q ends'));
    stdin.write('q');
    assert.equal((await watching).status, 0);
    assert.deepEqual(modes, [true, false]);
    const said = page.said.stdout;
    assert.ok(said.startsWith(OPENED) && said.endsWith(CLOSED));
    const lines = (said.split('\x1b[H')[1] as string).split('\x1b[K');
    assert.match(lines[0] as string, /^healthy {2}2026-06-01T12:/);
    assert.match(lines[3] as string, /^\r\nCompressor-1 +Demo Manufacturing Plant +running/);
    assert.match(lines.at(-2) as string, /q ends, 3 more machines/);
    for (const line of lines) assert.ok(line.trim().length <= 50, line);
  });

  const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
  for (const [key, name] of [
    ['q', 'q'],
    ['\x03', 'ctrl-c'],
  ] as const)
    it(`leaves a real terminal as it was when ${name} ends watch`, {
      skip: hasScript ? false : 'there is no script(1) of util-linux',
    }, async () => {
      const line = `stty -a; ${process.execPath} ${MAIN} watch --url ${url}; echo :$?; stty -a`;
      const child = spawn('script', ['-qec', line, '/dev/null'], {
        cwd,
        env: { PATH: process.env['PATH'] },
        timeout: HANGS_AFTER_MS,
      });
      let said = '';
      child.stdout.on('data', (text) => {
        said += text;
        if (String(text).includes('q ends')) child.stdin.write(key);
      });
      await once(child, 'close');
      const before = said.slice(0, said.indexOf(OPENED));
      const [, after] = said.split(`${CLOSED}:0\r\n`);
      assert.match(before, /speed \d+ baud/);
      assert.equal(after, before);
    });
});

const REFUSAL = '{"success":false,"message":"name it in API_HOSTS"}';

describe('without a simulator', () => {
  const statusOf = async (url: string, env = {}) => run(['status', '--url', url], cwd, env);

  it('a command says how to start one', async (t) => {
    const server = createServer();
    const url = await serve(t, server);
    server.close();
    const { status, stderr } = await statusOf(url);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      `enms-simulator: no simulator answers at ${url} (ECONNREFUSED); ` +
        'start one with enms-simulator, or give --url\n',
    );
    const own = await run(['inject', 'a', 'leak'], cwd, { API_PORT: new URL(url).port });
    assert.equal(own.stderr, stderr);
  });

  for (const [what, answer, message] of [
    [
      'another service',
      [200, 'text/html', '<html>'],
      /is not a simulator \(status 200\); give --url/,
    ],
    ['another JSON', [200, 'application/json', '[1]'], /is not a simulator \(status 200\)/],
    [
      'a login',
      [401, 'text/html', 'who?'],
      /answers 401: something in front of .* asks for a login/,
    ],
    [
      'a redirection',
      [302, 'text/html', ''],
      /redirects to http:\/\/elsewhere\/x; give that address/,
    ],
    ['a refusal', [403, 'application/json', REFUSAL], /refuses: name it in API_HOSTS\n$/],
  ] as const)
    it(`${what} is recognised`, async (t) => {
      const [code, type, body] = answer;
      const server = createServer((_request, response) => {
        const location = code === 302 ? { location: 'http://elsewhere/x/health' } : {};
        response.writeHead(code, { 'content-type': type, ...location }).end(body);
      });
      const url = await serve(t, server);
      const { status, stderr } = await statusOf(url);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2);
    });

  it('a server that never answers is given up', async (t) => {
    const url = await serve(
      t,
      createServer(() => {}),
    );
    await assert.rejects(SimulatorClient.connect({ url, key: undefined }, 100), {
      message: `${url} did not answer within 0.1 s; try again, or check --url`,
    });
  });

  it('a URL without its scheme gets one, and one with a user is refused without being shown', async () => {
    const hint = /\(did you mean http:\/\/localhost:8003\?\)\n$/;
    assert.match((await statusOf('localhost:8003')).stderr, hint);
    const variable = await run(['status'], cwd, { ENMS_SIMULATOR_URL: 'localhost:8003' });
    assert.match(variable.stderr, /^ENMS_SIMULATOR_URL: .*/);
    assert.match(variable.stderr, hint);
    const secret = await statusOf('http://me:hush@localhost:8003');
    assert.equal(secret.status, 2);
    assert.doesNotMatch(secret.stderr, /hush/);
  });
});

describe('a simulator with a key', () => {
  let simulation: Simulation;
  let url: string;
  before(async () => {
    simulation = await startSimulation({ env: { API_KEY: 'opensesame' } });
    url = await simulation.app.listen({ port: 0, host: '127.0.0.1' });
    await simulation.pass(60);
  });
  after(() => simulation.close());

  const inject = (env: Readonly<Record<string, string>>) =>
    run(['inject', 'Compressor-1', 'leak', '--url', url], cwd, env);

  it('accepts changes with the key of the environment or of .env', async () => {
    assert.equal((await inject({ API_KEY: 'opensesame' })).status, 0);
    const folder = join(cwd, 'with-key');
    mkdirSync(folder);
    writeFileSync(join(folder, '.env'), 'API_KEY=opensesame\nAPI_PORT=none\n');
    const words = ['clear', 'Compressor-1', '--url', url];
    const wrong = await run(words, folder);
    assert.match(wrong.stderr, /^API_PORT: "none" is not accepted/);
    writeFileSync(join(folder, '.env'), 'API_KEY=opensesame\nMQTT_PORT=none\n');
    assert.equal((await run(words, folder)).status, 0);
  });

  it('refuses them in one sentence otherwise, which never has the key', async () => {
    const none = await inject({});
    assert.equal(none.status, 1);
    assert.equal(
      none.stderr,
      `enms-simulator: the simulator at ${url} accepts changes with its API_KEY only; ` +
        'set API_KEY in the environment or in .env\n',
    );
    const wrong = await inject({ API_KEY: 'hush' });
    assert.match(wrong.stderr, /the API_KEY that is set here is another one\n$/);
    assert.doesNotMatch(wrong.stderr, /hush/);
  });
});
