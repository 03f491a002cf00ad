/**
 * Runs what the pages show. A block `sh` is run line by line in a folder of its page, and the
 * block that follows at once is its output. A block that cannot be run here says so after its
 * fence, with the reason: `sh not run: needs a Docker daemon`; its commands are then only parsed.
 *
 * Commands that run until they are stopped are checked with `check`; one simulator serves all pages,
 * on other ports. An output marked `live` has numbers that differ from run to run.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { announcement } from '../../src/cli/announcement.ts';
import type { Command } from '../../src/cli/command.ts';
import { parseArguments } from '../../src/cli/command-line.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { freshDirectory, Program, run } from '../cli/program.ts';
import { composeWith } from '../deploy/compose.ts';
import { factoriesOf } from '../factory/surroundings.ts';
import { MAIN } from '../main-program.ts';
import { freePort, PATH, startMosquitto, withoutMosquitto } from '../servers.ts';
import { startSimulation } from '../simulation.ts';
import { type CodeBlock, type Page, pages, root } from './pages.ts';

const NOT_RUN = 'not run: ';
/** Commands that run until they are stopped. */
const ENDLESS = new Set(['run', 'worker', 'watch']);
/** Messages that are enough of an endless subscription. */
const MESSAGES = '12';
/** A page whose examples are about another factory than the default one. */
const OWN_FACTORY = 'docs/guides/energy-management.md';
const ownFactory = 'examples/energy-baseline.yaml';

/** Where the commands of a page go. */
interface Surroundings {
  readonly folder: string;
  /** The simulator's. */
  readonly apiPort: number;
}

/** One command line: variables, words and, behind a pipe, another program. */
interface Line {
  readonly text: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  readonly isPiped: boolean;
}

/** The command lines of a block. */
function linesOf(code: string): readonly Line[] {
  const lines = code.replaceAll(/\\\n\s*/g, '').split('\n');
  return lines.flatMap((whole) => {
    const text = whole.replace(/(^|\s)#.*$/, '').trim();
    if (text === '') return [];
    const all = [...text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
      word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'),
    );
    const first = all.findIndex((word) => !/^(export$|[A-Z_]+=)/.test(word));
    const ends = first < 0 ? all.length : first;
    const pairs = all.slice(0, ends).filter((word) => word.includes('='));
    return {
      text,
      variables: Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string])),
      words: all.slice(ends),
      isPiped: all.includes('|'),
    };
  });
}

/** The words after our own program's name, or undefined for another program. */
function simulatorWords([first, second, third, ...rest]: readonly string[]) {
  if (first === 'enms-simulator')
    return [second, third, ...rest].filter((word) => word !== undefined);
  if (first === 'npx' && second === 'enms-simulator')
    return third === undefined ? [] : [third, ...rest];
  if (first === 'npm' && second === 'start') return rest;
  return undefined;
}

async function commandOf(words: readonly string[]): Promise<{ command: Command; rest: string[] }> {
  const [first = ''] = words;
  const isNamed = first !== '' && !first.startsWith('-');
  const load = COMMANDS[isNamed ? first : 'run'];
  assert.ok(load, `${first} is not a command`);
  return { command: await load(), rest: words.slice(isNamed ? 1 : 0) };
}

/** Checks a line without running it: our options, services, files and scripts exist. */
async function parse(line: Line): Promise<void> {
  const { words, text } = line;
  const own = simulatorWords(words);
  if (own) {
    const { command, rest } = await commandOf(own);
    parseArguments(rest.slice(0, line.isPiped ? rest.indexOf('|') : undefined), command);
    return;
  }
  const [program = '', ...rest] = words;
  if (program === 'npm') return parseNpm(rest, text);
  const paths = rest.map((word) => word.replace(/^\w+=/, ''));
  for (const path of paths.filter((each) => /^(deploy|examples|docs)\//.test(each)))
    assert.ok(existsSync(new URL(path, root)), `${path} does not exist`);
  if (program !== 'docker' || rest[0] !== 'compose') return;
  const known = Object.keys(composeWith({}).services);
  const named = rest.slice(2).filter((word, i, all) => !/^-|=/.test(word) && all[i - 1] !== '-f');
  const [first] = named;
  if (rest[1] === 'up')
    for (const name of named) assert.ok(known.includes(name), `${text}: ${name}`);
  else if (first !== undefined) assert.ok(known.includes(first), `${text}: ${first}`);
}

function parseNpm([verb = '', ...rest]: readonly string[], text: string): void {
  const folder = rest.includes('--prefix') ? `${rest[rest.indexOf('--prefix') + 1]}/` : '';
  const manifest = JSON.parse(readFileSync(new URL(`${folder}package.json`, root), 'utf8'));
  if (['ci', 'install', 'version', 'pack'].includes(verb)) return;
  const script = verb === 'run' ? (rest[0] as string) : verb;
  assert.ok(Object.hasOwn(manifest.scripts, script), `${text}: there is no script ${script}`);
}

/** Runs a line and returns what it printed. */
async function execute(line: Line, where: Surroundings, id: string): Promise<string> {
  const { words, variables, text } = line;
  const { apiPort } = where;
  const env = { PATH, HOME: where.folder, ...variables };
  const own = simulatorWords(words);
  await parse(line);
  if (own && !line.isPiped) {
    const { command, rest } = await commandOf(own);
    if (command.name === 'open') return '';
    const isEndless = ENDLESS.has(command.name);
    const wanted = isEndless ? ['check', ...rest] : [command.name, ...rest];
    if (Object.hasOwn(command.options, 'url')) wanted.push('--url', `http://127.0.0.1:${apiPort}`);
    const { status, stdout, stderr } = await run(wanted.map(local), where.folder, env);
    assert.equal(status, 0, `${text}: ${stderr}`);
    return isEndless ? banner(own) : stdout;
  }
  const [program = ''] = words;
  if (program === 'npm') return '';
  const inShell = text
    .replace(/^(npx )?enms-simulator/, `'${process.execPath}' '${MAIN}'`)
    .replace(/^node /, `'${process.execPath}' `)
    .replace(/^curl /, 'curl --silent --show-error --fail-with-body --max-time 30 ')
    .replace(/^mosquitto_sub /, `mosquitto_sub -p ${simulatorPort} -C ${MESSAGES} -W 30 `)
    .replaceAll('127.0.0.1:8003', `127.0.0.1:${apiPort}`)
    .replace(/energy-baseline\.mjs/, `$& http://127.0.0.1:${apiPort}`)
    .replaceAll('/ID', `/${id}`);
  const cwd = program === 'node' ? fileURLToPath(root) : where.folder;
  const options = { cwd, env, maxBuffer: 1e8 };
  const { stdout } = await promisify(execFile)('bash', ['-c', inShell], options);
  return stdout;
}

/** What a terminal shows when the default factory has started. */
function banner(own: readonly string[]): string {
  if (own.length > 0) return '';
  const configuration = loadConfiguration({ env: {}, cwd: import.meta.dirname });
  return announcement(configuration, {
    apiPort: 8003,
    brokerPort: 1883,
    addresses: { mqtt: 'mqtt://127.0.0.1:1883' },
    database: '',
    factories: configuration.factories,
    seed: configuration.simulation.seed,
    speed: 1,
    nowMs: 0,
  });
}

/** A word with the port of this run's broker. */
function local(word: string): string {
  return word.replace(/^mqtt:\/\/localhost$/, `mqtt://localhost:${broker?.port}`);
}

/** Waits until an export is done, as a reader would before the next line. */
async function settled(apiPort: number, id: string): Promise<void> {
  const url = `http://127.0.0.1:${apiPort}/simulator/exports/${id}`;
  for (let state = 'running'; state === 'running'; )
    state = ((await (await fetch(url)).json()) as { state: string }).state;
}

/** What differs from run to run in an output. */
function normal(text: string, isLive: boolean): string[] {
  const numbers = isLive ? /(?<=[:[ ])-?\d+(\.\d+)?(?=[,\]} ]|$)|null/g : /(?!)/g;
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, isLive ? 'TIME' : '$&')
    .replaceAll(/"(id|request_id)":"[0-9a-f-]{36}"/g, '"$1":"ID"')
    .replaceAll(/"(operating_mode)":"\w+"/g, isLive ? '"$1":"MODE"' : '$&')
    .replaceAll(numbers, 'N')
    .split('\n')
    .map((line) => (isLive ? line.replaceAll(/ +/g, ' ') : line).trimEnd())
    .filter((line) => line !== '');
}

/** Every expected line is in the output, in this order. */
function assertShown(expected: CodeBlock, output: string, what: string): void {
  const isLive = expected.remark === 'live';
  const got = normal(output, isLive);
  let from = 0;
  for (const line of normal(expected.code, isLive)) {
    const at = got.indexOf(line, from);
    assert.ok(at >= 0, `${what} did not print this line:\n${line}\nbut:\n${output.slice(0, 3000)}`);
    from = at + 1;
  }
}

/** Pages beside what they are about need its servers, and their things have tests of their own. */
const isRunHere = ({ path }: Page) => !/^(deploy|examples)\//.test(path);

const isShell = ({ language }: CodeBlock) => language === 'sh';
const OUTPUT = new Set(['', 'text', 'json', 'csv']);

const [apiPort, simulatorPort] = [await freePort(), await freePort()];
const shared = new Program([], freshDirectory(), {
  API_PORT: String(apiPort),
  MQTT_PORT: String(simulatorPort),
});
const broker = withoutMosquitto() ? undefined : await startMosquitto();
after(() => broker?.close());
const simulation = await startSimulation({
  factories: factoriesOf(readFileSync(new URL(ownFactory, root), 'utf8')),
});
after(() => simulation.close());
await simulation.app.listen({ port: 0, host: '127.0.0.1' });
const ownPort = (simulation.app.server.address() as AddressInfo).port;

/** Why the commands cannot be run; in CI nothing is skipped. */
function withoutPrograms(): string | false {
  const isMissing = (program: string) => spawnSync(program, ['--help'], { env: { PATH } }).error;
  const missing = process.env['CI'] ? undefined : ['curl', 'mosquitto_sub'].find(isMissing);
  return missing === undefined ? withoutMosquitto() : `${missing} is not installed`;
}

describe('the commands of the pages', { concurrency: 1, skip: withoutPrograms() }, () => {
  before(() => shared.said(/"running"/));

  for (const page of pages.filter(({ blocks }) => blocks.some(isShell)))
    it(`${page.path}: every command runs and prints what is shown`, async () => {
      const folder = freshDirectory();
      symlinkSync(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
      const isOwn = page.path === OWN_FACTORY;
      const where = { folder, apiPort: isOwn ? ownPort : apiPort };
      mkdirSync(join(folder, 'data'));
      let id = '';
      for (const [i, block] of page.blocks.entries()) {
        if (!isShell(block)) continue;
        const isMarked = block.remark.startsWith(NOT_RUN);
        assert.ok(isMarked !== (block.remark === ''), `${page.path}:${block.line}`);
        const isRun = !isMarked && isRunHere(page);
        let output = '';
        for (const line of linesOf(block.code)) {
          if (!isRun) await parse(line);
          else {
            const printed = await execute(line, where, id);
            id = /"(?:export_)?id":"([0-9a-f-]{36})"/.exec(printed)?.[1] ?? id;
            if (/exports -H/.test(line.text)) await settled(where.apiPort, id);
            output += `${printed}\n`;
          }
        }
        const next = page.blocks[i + 1];
        if (isRun && next?.isAfterBlock && OUTPUT.has(next.language))
          assertShown(next, output, `${page.path}:${block.line}`);
      }
    });
});
