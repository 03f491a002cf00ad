/** The package as npm packs and installs it, in a folder of its own. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { after, before } from 'node:test';
import { build, transform } from 'esbuild';
import { connectAsync } from 'mqtt';
import { freePort } from '../servers.ts';

/** The most that may be installed [bytes], in so many packages. */
const INSTALLED_MAX_BYTES = 80e6;
const PACKAGES_MAX = 15;

const root = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'enms-package-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
/** What a clone has, for a package that is built from it alone. */
const clone = join(scratch, 'clone');
/** Another project, which installs the package. */
const project = join(scratch, 'project');
const installed = join(project, 'node_modules/enms-simulator');

/** Runs a program to its end. @returns What it printed. */
function run(cwd: string, program: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${words.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

/** The errors of a strict compiler in modules of the project, without Node's types. */
function compiled(code: readonly string[], resolution: Readonly<Record<string, string>>): string {
  const compilerOptions = {
    ...resolution,
    target: 'es2023',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  };
  for (const [i, text] of code.entries()) writeFileSync(join(project, `code-${i}.ts`), text);
  const files = code.map((_, i) => `code-${i}.ts`);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' }).stdout;
}

/** The sizes of all files below a folder [bytes]. */
function sizes(folder: string): readonly number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
}

before(() => {
  mkdirSync(join(clone, 'dist/types'), { recursive: true });
  mkdirSync(project);
  const parts = 'LICENSE README.md build examples package.json package-lock.json src tsconfig.json';
  const documents = '.env.example CHANGELOG.md CONTRIBUTING.md SECURITY.md docs web';
  // The documentation's site has packages of its own.
  const filter = (path: string) => !path.endsWith('/node_modules');
  for (const part of `${parts} ${documents}`.split(' '))
    cpSync(join(root, part), join(clone, part), { recursive: true, filter });
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  writeFileSync(join(clone, 'dist/types/of-yesterday.d.ts'), '');
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  run(clone, 'npm', 'pack', '--loglevel=error');
  const tarball = join(clone, `enms-simulator-${version}.tgz`);
  run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball);
});

test('what is installed is small, and has no script that runs at installation', (t) => {
  const bytes = sizes(join(project, 'node_modules')).reduce((sum, size) => sum + size, 0);
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  const dependencies = Object.keys(packages).length - 2;
  t.diagnostic(`installed: ${(bytes / 1e6).toFixed(1)} MB, ${dependencies} dependencies`);
  assert.ok(bytes <= INSTALLED_MAX_BYTES);
  assert.ok(dependencies <= PACKAGES_MAX);
  assert.doesNotMatch(JSON.stringify(packages), /hasInstallScript/);
});

test('the package is built from its sources, without leftovers, and says what is in it', () => {
  const files = readdirSync(installed, { recursive: true }).map(String);
  for (const file of ['LICENSE', 'README.md', 'dist/THIRD-PARTY-NOTICES.txt', 'src/index.ts'])
    assert.ok(files.includes(file), `${file} is missing`);
  const strange = /of-yesterday|^(test|bench|build)\b|dist\/(test|bench|build|src)\b|\.test\./;
  assert.deepEqual(
    files.filter((file) => strange.test(file)),
    [],
  );
});

test('every file that its README links to is in it', () => {
  const text = readFileSync(join(installed, 'README.md'), 'utf8');
  const links = [
    ...text.matchAll(/\]\((?!https?:)([^)#]+)\)|(?:src|srcset)="(?!https?:)([^"]+)"/g),
  ];
  assert.ok(links.length > 5);
  for (const [, link, image] of links) {
    const path = join(installed, decodeURI(link ?? image ?? ''));
    assert.ok(existsSync(path), `${path} is missing`);
  }
});

test('a package index can show where it comes from', () => {
  const description = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const field of ['author', 'bugs', 'homepage', 'keywords', 'license', 'repository'])
    assert.ok(description[field], field);
});

test('a start builds the program only if a source is newer, and says that it does', () => {
  const start = () => {
    const words = ['build/start.js', '--version'];
    const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: clone, encoding: 'utf8' });
    assert.equal(stdout.trim(), version);
    return stderr;
  };
  assert.equal(start(), '');
  const later = new Date(Date.now() + 1000);
  utimesSync(join(clone, 'src/core'), later, later);
  assert.match(start(), /^Building the simulator: its sources have changed/);
  rmSync(join(clone, 'dist/built'));
  assert.match(start(), /^Building the simulator: it has not been built yet/);
});

test('npx runs the program', () => {
  assert.equal(run(project, 'npx', 'enms-simulator', '--version').trim(), version);
});

test('it runs the default factory, and serves its pages', { timeout: 60_000 }, async (t) => {
  const [apiPort, mqttPort] = [await freePort(), await freePort()];
  const program = spawn(process.execPath, [join(installed, 'dist/main.js')], {
    env: {
      ...process.env,
      API_PORT: String(apiPort),
      MQTT_PORT: String(mqttPort),
      DATA_DIR: join(scratch, 'data'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => program.kill('SIGKILL'));
  for await (const line of createInterface(program.stdout)) if (/"running"/.test(line)) break;
  program.stdout.resume();
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
  const topic = new Promise<string>((resolve) => client.once('message', resolve));
  await client.subscribeAsync('factory/#');
  assert.match(await topic, /^factory\//);
  await client.endAsync();
  const api = `http://127.0.0.1:${apiPort}/`;
  const textAt = async (url: URL | string) => {
    const answer = await fetch(url, { headers: { accept: 'text/html,*/*' } });
    assert.equal(answer.status, 200, String(url));
    return { url: answer.url, text: await answer.text() };
  };
  await textAt(`${api}openapi.json`);
  for (const page of ['', 'docs', 'redoc']) {
    const { url, text } = await textAt(`${api}${page}`);
    const parts = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)];
    assert.ok(parts.length > 0, `${page} has no parts`);
    for (const [, part] of parts) await textAt(new URL(part as string, url));
  }
  program.kill('SIGTERM');
  assert.deepEqual(await once(program, 'exit'), [0, null]);
});

const WINDOW = ['--from', '2026-01-01T08:00:00Z', '--to', '2026-01-01T09:00:00Z'];

test('it writes datasets in every format, and a report with its pictures', () => {
  const main = join(installed, 'dist/main.js');
  for (const [format, file] of [
    ['csv', 'energy.csv'],
    ['parquet', 'energy.parquet'],
  ] as const) {
    run(
      project,
      process.execPath,
      main,
      'generate',
      ...WINDOW,
      '--format',
      format,
      '--out',
      format,
    );
    const files = readdirSync(join(project, format), { recursive: true }).map(String);
    assert.ok(
      files.some((each) => each.endsWith(file.slice(file.indexOf('.')))),
      files.join(),
    );
  }
  run(project, process.execPath, main, 'report', 'parquet', '--png', 'pictures');
  const [picture] = readdirSync(join(project, 'pictures'));
  const bytes = readFileSync(join(project, 'pictures', picture as string));
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
  // Its holidays come from tables of another package.
  const factory = join(installed, 'examples/energy-baseline.yaml');
  run(project, process.execPath, main, 'check', '--factory', factory);
});

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? assert.fail('README has no TypeScript');

const library = readFileSync(join(root, 'docs/reference/library.md'), 'utf8');
const growing =
  /```ts\n([^`]*growing-leak[\s\S]*?)```/.exec(library)?.[1] ??
  assert.fail('no story in the library');
const ownMachine = readFileSync(join(root, 'examples/own-machine.ts'), 'utf8');

for (const [what, code, reading] of [
  ['the README’s example', example, /power_kw: \d/],
  ['the example of a machine of one’s own', ownMachine, /oven_temp_c: 2\d\d/],
] as const)
  test(`${what} runs in another project`, async () => {
    const { code: script } = await transform(code, { loader: 'ts' });
    writeFileSync(join(project, 'example.mjs'), script);
    assert.match(run(project, process.execPath, 'example.mjs'), reading);
  });

/** Every entry, and what the README says is in it. */
const EVERYTHING = `
  import * as library from 'enms-simulator';
  import { FORMATS } from 'enms-simulator/formats';
  import { type Output, outputs } from 'enms-simulator/outputs';

  const { createFleet, csv, DEFAULT_FACTORY, defineMachine, JsonEncoder, jsonLines } = library;
  const { machineTypes, readFactoryFile } = library;
  export const first: Output | undefined = outputs[0];
  export const all = [FORMATS, csv, defineMachine, JsonEncoder, jsonLines, readFactoryFile];
  export const fleet = createFleet([DEFAULT_FACTORY], { types: machineTypes, seed: 7 });
`;

for (const resolution of [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
])
  test(`every entry compiles in a strict project with ${resolution.moduleResolution}`, () => {
    assert.equal(compiled([example, EVERYTHING, growing, ownMachine], resolution), '');
    // An error is detected, so the types are really there.
    const wrong = EVERYTHING.replace('seed: 7', "seed: 'seven'");
    assert.match(compiled([wrong], resolution), /code-0\.ts\(\d+,.*string.*number/);
  });

test('every entry can be imported', () => {
  writeFileSync(
    join(project, 'entries.mjs'),
    `import { defineMachine, parameter } from 'enms-simulator';
     import { FORMATS } from 'enms-simulator/formats';
     import { outputs } from 'enms-simulator/outputs';
     console.log(typeof defineMachine, typeof parameter);
     console.log([...FORMATS, ...outputs].map(({ name }) => name).join());`,
  );
  assert.equal(
    run(project, process.execPath, 'entries.mjs').trim(),
    'function function\nparquet,csv,jsonl,mqtt,postgres,memory',
  );
});

test('another project’s bundle holds only what it uses of the library', async () => {
  const bundleOf = async (contents: string) => {
    const stdin = { contents, resolveDir: project };
    const options = { bundle: true, write: false, format: 'esm', platform: 'node' } as const;
    const { outputFiles } = await build({ ...options, stdin, logLevel: 'silent' });
    return outputFiles[0]?.text ?? '';
  };
  assert.equal((await bundleOf("import 'enms-simulator';")).trim(), '');
  assert.doesNotMatch(
    await bundleOf("import { csv } from 'enms-simulator'; console.log(csv);"),
    /injection_molding/,
  );
});
