import assert from 'node:assert/strict';
import test from 'node:test';
import { readBroker } from '../../src/cli/broker-url.ts';
import type { Arguments, Command } from '../../src/cli/command.ts';
import { help, parseArguments, runCommandLine } from '../../src/cli/command-line.ts';
import { OptionReader } from '../../src/cli/option-reader.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { configure } from '../factory/surroundings.ts';
import { paper } from './program.ts';

/** A command that records its arguments. */
function recorder(name: string, received: Arguments[], operands?: string): Command {
  return {
    name,
    about: `Does ${name}.`,
    options: {
      file: { value: 'FILE', about: 'A file.', default: 'none' },
      json: { about: 'As JSON.' },
    },
    ...(operands === undefined ? {} : { operands }),
    examples: [],
    async execute(args) {
      received.push(args);
      return 3;
    },
  };
}

/** Runs a command line with the commands `run` and `list`. */
async function line(...words: string[]) {
  const ran: Arguments[] = [];
  const listed: Arguments[] = [];
  const commands = {
    run: async () => recorder('run', ran),
    list: async () => recorder('list', listed, '[NAME]'),
  };
  const terminal = paper();
  const code = await runCommandLine(words, commands, '1.2.3', terminal);
  const output = terminal.said.stdout;
  return { code, output, ran, listed };
}

const messageOf = (faults: readonly { path: string; message: string }[]) =>
  faults.map(({ path, message }) => `${path}: ${message}`);

async function refused(...words: string[]): Promise<string[]> {
  const error = await line(...words).catch((caught: unknown) => caught);
  assert.ok(error instanceof ConfigError);
  return messageOf(error.faults);
}

test('the default command is run', async () => {
  assert.equal((await line()).ran.length, 1);
  const { ran, code } = await line('--file', 'a.yaml');
  assert.deepEqual(ran[0]?.values, { file: 'a.yaml' });
  assert.equal(code, 3);
});

test('a command receives its options, flags and operands, and returns the exit code', async () => {
  const { listed, ran, code } = await line('list', 'x', '--json', '--file=b.yaml', 'y');
  assert.equal(ran.length, 0);
  assert.deepEqual(listed, [
    {
      values: { file: 'b.yaml' },
      lists: { file: ['b.yaml'] },
      flags: new Set(['json']),
      operands: ['x', 'y'],
    },
  ]);
  assert.equal(code, 3);
});

test('a value may begin with a hyphen, but an option is not the value of another', async () => {
  for (const [words, file] of [
    [['--file=-'], '-'],
    [['--file', '-'], '-'],
    [['--file', '-7d'], '-7d'],
    [['--file=--json'], '--json'],
  ] as const)
    assert.deepEqual(parseArguments(words, recorder('run', [])).values, { file });
  assert.deepEqual(await refused('list', '--file', '--json'), ['--file: needs a value; FILE']);
});

test('an unknown command gets the most similar one, or all', async () => {
  assert.deepEqual(await refused('lst'), ['lst: is not a command; did you mean list?']);
  assert.deepEqual(await refused('frobnicate'), ['frobnicate: is not a command; run, list']);
  assert.deepEqual(await refused('constructor'), ['constructor: is not a command; run, list']);
});

test('all errors of a command line are reported at once', async () => {
  assert.deepEqual(await refused('list', '--jsn', '--json=yes', '--file'), [
    '--jsn: is not an option; did you mean --json?',
    '--json: does not take a value',
    '--file: needs a value; FILE',
  ]);
  assert.deepEqual(await refused('--file='), ['--file: needs a value; FILE']);
  assert.deepEqual(await refused('--constructor'), [
    '--constructor: is not an option; --help, --file, --json',
  ]);
  assert.deepEqual(await refused('-x'), ['-x: is not an option; --help, --file, --json']);
});

test('an unexpected operand is refused', async () => {
  assert.match((await refused('--json', 'list')).join(), /^list: is not expected after run/);
});

test('--version and --help answer without running anything', async () => {
  for (const word of ['--version', '-v']) {
    const { code, output, ran } = await line(word);
    assert.deepEqual([code, output, ran.length], [0, '1.2.3\n', 0]);
  }
  for (const word of ['--help', '-h', 'help']) {
    const { code, output, ran } = await line(word);
    assert.deepEqual([code, ran.length], [0, 0]);
    assert.match(output, / {2}run {3,}Does run\. The default\.\n {2}list {2,}Does list\.\n/);
  }
});

test('--help after a command shows its options with their defaults', async () => {
  const { code, output, listed } = await line('list', '--help');
  assert.deepEqual([code, listed.length], [0, 0]);
  assert.equal(output, help(recorder('list', [], '[NAME]')));
  assert.equal(
    output,
    `Usage: enms-simulator list [NAME] [OPTIONS]

Does list.

Options:
  --file FILE  A file. Default: none.
  --json       As JSON.
  --help       Show this help.
`,
  );
});

test('--help ends with examples, and lists the options that every report has', () => {
  const command = { ...recorder('list', []), options: {}, hasReport: true };
  assert.equal(
    help({ ...command, examples: ['list', 'list --json'] }),
    `Usage: enms-simulator list [OPTIONS]

Does list.

Options:
  --json   Print the result as JSON.
  --quiet  Print errors only.
  --help   Show this help.

Examples:
  enms-simulator list
  enms-simulator list --json
`,
  );
});

test('help followed by a command shows that command’s --help', async () => {
  const { output, listed } = await line('help', 'list');
  assert.equal(output, (await line('list', '--help')).output);
  assert.deepEqual(listed, []);
  await assert.rejects(line('help', 'lsit'), /lsit: is not a command; did you mean list\?/);
});

test('a common alias of a command gets the command’s name', async () => {
  const refused = (word: string) =>
    runCommandLine([word], { generate: async () => recorder('generate', []) }, '1', paper());
  for (const word of ['export', 'dump', 'create'])
    await assert.rejects(refused(word), /is not a command; did you mean generate\?$/);
});

test('a broker URL without a scheme gets the corrected URL, without secrets', () => {
  const faultOf = (url: string) => {
    const options = new OptionReader({
      values: { mqtt: url },
      lists: {},
      flags: new Set(),
      operands: [],
    });
    readBroker(options, configure());
    let message = '';
    try {
      options.check();
    } catch (error) {
      message = (error as ConfigError).message;
    }
    return message;
  };
  assert.match(faultOf('LOCALHOST/x'), /wss$/);
  assert.match(faultOf('localhost'), /\(did you mean mqtt:\/\/localhost\?\)$/);
  assert.match(faultOf('broker.lan:1884'), /\(did you mean mqtt:\/\/broker\.lan:1884\?\)$/);
  assert.match(faultOf('ssl://broker:8883'), /\(did you mean mqtts:\/\/broker:8883\?\)$/);
  assert.equal(faultOf('mqtt://localhost'), '');
  for (const secret of ['user:hush@localhost', 'http://u:hush@h'])
    assert.doesNotMatch(faultOf(secret), /hush|did you mean/);
});

test('an option that is given several times keeps all its values, and the last one counts', async () => {
  const { listed } = await line('list', '--file', 'a.yaml', '--file', 'b.yaml');
  const [{ values, lists } = { values: {}, lists: {} }] = listed;
  assert.deepEqual([values, lists], [{ file: 'b.yaml' }, { file: ['a.yaml', 'b.yaml'] }]);
});
