/** Completion scripts in the shells that they are for. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { optionsOf } from '../../src/cli/command-line.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { FORMAT_NAMES } from '../../src/dataset/formats/index.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { freshDirectory, run } from './program.ts';

const cwd = freshDirectory();
/** No shell takes this long [ms]. */
const HANGS_AFTER_MS = 60_000;
const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
const names = commands.map(({ name }) => name);
const types = machineTypes.map(({ type }) => type);
const PUMP_FAULTS = machineTypes.find(({ type }) => type === 'pump')?.faultTypes ?? [];

/** Command lines up to the cursor, and some of what is offered there; none: only files. */
const OFFERS: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['', [...names, 'help']],
  ['inj', ['inject']],
  ['help com', ['compare', 'completion']],
  ['machines ', types],
  ['machines comp', ['compressor']],
  ['inject Pump ', PUMP_FAULTS],
  ['inject --severity 3 Pump --for 10m ', PUMP_FAULTS],
  ['generate --format ', FORMAT_NAMES],
  ['generate --from -7d --par', ['--partition']],
  ['generate --partition ', ['day', 'month']],
  ['status --js', ['--json']],
  ['--fact', ['--factory']],
  ['completion ', ['bash', 'zsh', 'fish']],
];
/** Command lines up to the cursor where a file or a folder is completed. */
const FILES = ['check --factory pla', 'compare pla', 'generate --out pla', 'report pla'];

const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, TERM: 'xterm' };
const without = (shell: string) =>
  spawnSync(shell, ['--version']).status === 0 ? false : `${shell} is not installed`;
const script = async (shell: string) => (await run(['completion', shell], cwd)).stdout;

before(() => mkdirSync(join(cwd, 'plant-1')));

it('an option has a value in all commands or in none, as completion assumes', () => {
  const kinds = new Map<string, boolean>();
  for (const command of commands)
    for (const [name, { value }] of Object.entries(optionsOf(command))) {
      assert.equal(kinds.get(name) ?? value !== undefined, value !== undefined, name);
      kinds.set(name, value !== undefined);
    }
});

it('a shell that is not known gets the nearest', async () => {
  const { status, stderr } = await run(['completion', 'bsh'], cwd);
  assert.deepEqual([status, stderr], [2, 'bsh: is not a shell; did you mean bash?\n']);
});

describe('bash', { skip: without('bash') }, () => {
  /** What bash offers at the end of a line, split into words as it does itself. */
  async function offered(line: string): Promise<string[]> {
    const words = ['enms-simulator', ...line.split(/ |(=)/).filter((word) => word !== undefined)];
    writeFileSync(join(cwd, 'completion.bash'), await script('bash'));
    const { stdout, stderr } = spawnSync(
      'bash',
      [
        '--norc',
        '-uc',
        'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' +
          // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of Bash
          '_enms_simulator; printf "%s\\n" "${COMPREPLY[@]-}"',
        ...['bash', ...words],
      ],
      { cwd, env, encoding: 'utf8' },
    );
    assert.equal(stderr, '', line);
    return stdout.split('\n').filter((word) => word !== '');
  }

  for (const [line, wanted] of [...OFFERS, ['generate --format=cs', ['csv']]] as const)
    it(`offers what fits after “${line}”`, async () => {
      const found = await offered(line);
      for (const word of wanted) assert.ok(found.includes(word), `${word} is not in ${found}`);
      const [last = ''] = line.split(/[ =]/).slice(-1);
      for (const word of found) assert.ok(word.startsWith(last), word);
    });

  it('leaves files, and values that are no list, to readline', async () => {
    for (const line of [...FILES, 'inject ', 'generate --from ', 'generate --out=pla'])
      assert.deepEqual(await offered(line), [], line);
    const { stdout } = spawnSync(
      'bash',
      ['--norc', '-c', 'source completion.bash; complete -p enms-simulator'],
      { cwd, env, encoding: 'utf8' },
    );
    assert.equal(stdout, 'complete -o default -F _enms_simulator enms-simulator\n');
  });
});

describe('fish', { skip: without('fish') }, () => {
  async function offered(line: string): Promise<string[]> {
    const { stdout, stderr } = spawnSync(
      'fish',
      [
        '--no-config',
        '-c',
        'source completion.fish; complete -C $argv[1]',
        `enms-simulator ${line}`,
      ],
      { cwd, env, encoding: 'utf8' },
    );
    assert.equal(stderr, '', line);
    return stdout.split('\n').map((each) => each.split('\t')[0] as string);
  }
  before(async () => writeFileSync(join(cwd, 'completion.fish'), await script('fish')));

  for (const [line, wanted] of OFFERS)
    it(`offers what fits after “${line}”`, async () => {
      const found = await offered(line);
      for (const word of wanted) assert.ok(found.includes(word), `${word} is not in ${found}`);
    });

  it('completes files where one is wanted, and nowhere else', async () => {
    for (const line of FILES) assert.ok((await offered(line)).includes('plant-1/'), line);
    for (const line of ['inject pla', 'status pla', 'machines pla', 'generate pla'])
      assert.deepEqual(await offered(line), [''], line);
  });
});

const withoutZsh = without('zsh') || without('script');

describe('zsh', { skip: withoutZsh }, () => {
  /** Types a line and a tab into a real zsh, and returns its line after that. */
  async function completed(line: string): Promise<string> {
    writeFileSync(join(cwd, 'completion.zsh'), await script('zsh'));
    writeFileSync(
      join(cwd, '.zshrc'),
      'autoload -U compinit; compinit -u -D; source ./completion.zsh; PS1="READY "\n' +
        'show() { print -r -- "<$BUFFER>"; exit }; zle -N show; bindkey "^G" show\n',
    );
    const child = spawn('script', ['-qec', 'zsh -i', '/dev/null'], {
      cwd,
      env,
      timeout: HANGS_AFTER_MS,
    });
    let said = '';
    return new Promise((resolve) => {
      child.stdout.on('data', (text) => {
        const wasReady = said.includes('READY ');
        said += text;
        if (!wasReady && said.includes('READY ')) child.stdin.write(`enms-simulator ${line}\t\x07`);
      });
      child.on('close', () => resolve(/<enms-simulator (.*?) ?>/.exec(said)?.[1] ?? said));
    });
  }

  for (const [line, wanted] of [
    ['inj', 'inject'],
    ['help gen', 'help generate'],
    ['machines comp', 'machines compressor'],
    ['inject --severity 3 Pump sea', 'inject --severity 3 Pump seal_leak'],
    ['generate --format par', 'generate --format parquet'],
    ['generate --format=par', 'generate --format=parquet'],
    ['generate --from -7d --part', 'generate --from -7d --partition='],
    ['--fact', '--factory='],
    ['check --factory pla', 'check --factory plant-1/'],
    ['compare pla', 'compare plant-1/'],
  ] as const)
    it(`completes “${line}”`, async () => {
      assert.equal(await completed(line), wanted);
    });
});
