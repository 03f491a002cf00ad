import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { freePort } from '../servers.ts';
import { execForm, imageEnvironment, lastStage, stages, textsOf } from './container-file.ts';
import { file, textOf } from './files.ts';

const PACKAGE = JSON.parse(textOf('package.json')) as {
  readonly files: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
};
/**
 * What the image has besides the package: Alpine 3.22 (8.5 MB), the two libraries (3 MB) and the
 * program of Node 24 (127 MB).
 */
const SYSTEM_BYTES = 8.5e6 + 3e6 + 127e6;
const IMAGE_MAX_BYTES = 250e6;

/** The files that .dockerignore allows into the build context. */
const ALLOWED = textOf('.dockerignore')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));

test('the image runs as an unprivileged user, with no shell around the simulator', () => {
  const keywords = lastStage().map(({ keyword }) => keyword);
  assert.deepEqual(textsOf(lastStage(), 'USER'), ['1000:1000']);
  assert.ok(keywords.lastIndexOf('RUN') < keywords.indexOf('USER'));
  assert.deepEqual(execForm('ENTRYPOINT'), ['node', Object.values(PACKAGE.bin)[0]]);
  assert.deepEqual(execForm('CMD'), ['run']);
});

test('the last stage has what npm packs, the production dependencies and Node, no more', () => {
  const [build = [], install = [], ...rest] = stages();
  assert.equal(rest.length, 1);
  assert.match(textsOf(build, 'RUN').join(), /npm run build && npm pack/);
  assert.match(
    textsOf(install, 'RUN').join(),
    /tar -xzf .*package-lock\.json .*npm ci --omit=dev --ignore-scripts/,
  );
  assert.deepEqual(textsOf(lastStage(), 'COPY'), [
    '--from=install /libraries /usr/lib',
    '--from=install /usr/local/bin/node /usr/local/bin/node',
    '--from=install /app ./',
  ]);
});

test('Node runs on the system that it was built for, both pinned to minor versions', () => {
  const images = stages().flatMap((stage) => textsOf(stage, 'FROM'));
  const [build, install, last = ''] = images.map((image) => image.split(' ')[0]);
  assert.match(last, /^alpine:\d+\.\d+$/);
  assert.match(build ?? '', /^node:\d+\.\d+-/);
  assert.equal(install, build);
  assert.equal(build?.split('-')[1], last.replace(':', ''));
});

test('no production dependency needs another C library than that of the image', () => {
  const natives = readdirSync(file('node_modules'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.node'))
    .filter((path) => !isForDevelopment(path));
  // msgpackr falls back to JavaScript and brings a file for each library.
  for (const path of natives) assert.match(path, /^@msgpackr-extract\//);
});

/** Whether a path below `node_modules` belongs to a package that is only for development. */
function isForDevelopment(path: string): boolean {
  const [scope = '', name = ''] = path.split('/');
  const own = scope.startsWith('@') ? `${scope}/${name}` : scope;
  return lockedPackages()[`node_modules/${own}`]?.dev === true;
}

function lockedPackages() {
  return JSON.parse(textOf('package-lock.json')).packages as Readonly<
    Record<string, { readonly dev?: boolean; readonly optional?: boolean }>
  >;
}

test('the build context contains only what the image is built from', () => {
  const rules = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(rules[0], '*');
  assert.ok(rules.slice(1).every((rule) => rule.startsWith('!')));
  assert.ok(!ALLOWED.some((path) => /^(\.|data|node_modules|dist)/.test(path)), ALLOWED.join());
  // The image is built without the documents that the package has for its README.
  for (const path of PACKAGE.files.filter((path) => !/^dist|^!?docs|^\.env|\.md$/.test(path)))
    assert.ok(ALLOWED.includes(path), `${path} is published and does not get into the build`);
});

test('the health check passes as long as the simulator answers', async () => {
  let statusCode = 200;
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, answer) => {
    asked.push(url);
    answer.writeHead(statusCode).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  try {
    assert.equal(await healthOf(port), 0);
    statusCode = 503;
    assert.equal(await healthOf(port), 1);
    assert.deepEqual(asked, ['/health/live', '/health/live']);
  } finally {
    server.close();
    await once(server, 'close');
  }
  assert.equal(await healthOf(port), 1);
});

/** The exit code of the image's health check against a port. */
async function healthOf(port: number): Promise<number> {
  const [node, ...words] = execForm('HEALTHCHECK');
  assert.equal(node, 'node');
  const check = spawn(process.execPath, words, { env: { API_PORT: String(port) } });
  const [code] = await once(check, 'exit');
  return code;
}

test('built from what .dockerignore allows, it runs on production dependencies alone, within 250 MB', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'container-'));
  try {
    const app = buildPackage(folder);
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    const before = readdirSync(app, { recursive: true }).length;
    assert.equal(await runContainer(app, dataDir), 0);
    const after = readdirSync(app, { recursive: true }).length;
    assert.equal(after, before, 'something was written outside of DATA_DIR');
    const bytes = SYSTEM_BYTES + sizeOf(app);
    assert.ok(bytes <= IMAGE_MAX_BYTES, `the image has ${Math.round(bytes / 1e6)} MB`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Bytes of all files in a folder, those that links point to included. */
function sizeOf(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** Runs the steps of the container file in a folder. @returns The folder that becomes `/app`. */
function buildPackage(folder: string): string {
  const build = join(folder, 'build');
  const app = join(folder, 'app');
  for (const path of ALLOWED.filter((path) => existsSync(file(path))))
    cpSync(file(path), join(build, path), { recursive: true, dereference: true });
  symlinkSync(file('node_modules'), join(build, 'node_modules'));
  const run = (command: string, ...words: string[]) =>
    execFileSync(command, words, { cwd: build, stdio: 'pipe' });
  run('npm', 'run', 'build');
  run('npm', 'pack', '--ignore-scripts');
  mkdirSync(app);
  const archive = readdirSync(build).find((name) => name.endsWith('.tgz')) ?? '';
  run('tar', '-xzf', archive, '-C', app, '--strip-components=1');

  for (const [path, { dev, optional }] of Object.entries(lockedPackages())) {
    const isNested = path.lastIndexOf('node_modules/') !== 0;
    if (isNested || dev || (optional && !existsSync(file(path)))) continue;
    mkdirSync(dirname(join(app, path)), { recursive: true });
    symlinkSync(file(path), join(app, path));
  }
  return app;
}

/** Starts it as the image does, stops it once it is healthy. @returns The exit code. */
async function runContainer(app: string, dataDir: string): Promise<number | null> {
  const port = await freePort();
  const env = {
    ...imageEnvironment(),
    API_HOST: '127.0.0.1',
    API_PORT: String(port),
    MQTT_BIND_HOST: '127.0.0.1',
    MQTT_PORT: String(await freePort()),
    DATA_DIR: dataDir,
  };
  const words = [...execForm('ENTRYPOINT').slice(1), ...execForm('CMD')];
  const simulator = spawn(process.execPath, words, { cwd: app, env });
  const exit = once(simulator, 'exit');
  const said: string[] = [];
  simulator.stderr.on('data', (text) => said.push(String(text)));
  try {
    for await (const line of createInterface(simulator.stdout)) {
      said.push(line);
      if (line.includes('"running"')) break;
    }
    simulator.stdout.resume();
    assert.equal(await healthOf(port), 0, said.join('\n'));
  } finally {
    simulator.kill('SIGTERM');
  }
  const [code] = await exit;
  return code;
}

test('an invalid variable ends the container at once, with exit code 2', () => {
  const [, main = ''] = execForm('ENTRYPOINT');
  const env = { ...imageEnvironment(), API_PORT: 'none' };
  const words = [file(main), ...execForm('CMD')];
  const { status, stderr } = spawnSync(process.execPath, words, { env, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /^API_PORT: "none" is not accepted/);
});
