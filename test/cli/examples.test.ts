/** The examples that every `--help` shows. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArguments } from '../../src/cli/command-line.ts';
import { readGenerateOptions } from '../../src/cli/dataset-request.ts';
import { generate } from '../../src/cli/generate.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { windowConfiguration } from '../../src/cli/window-options.ts';
import { freshDirectory, run } from './program.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));

/** Asserts that an example has one of the accepted values, if these are a list. */
function assertListed(value: string, choices: readonly string[] = [], example: string): void {
  assert.ok(choices.length === 0 || choices.includes(value), `${value} in ${example}`);
}

/** Commands that end at once, and need neither a simulator nor a server. */
const QUICK = new Set(['check', 'completion', 'machines', 'schema']);

test('every command has examples, all of which it accepts', () => {
  for (const command of commands) {
    assert.ok(command.examples.length > 0, command.name);
    for (const example of command.examples) {
      const [name, ...words] = example.split(' ');
      assert.equal(name, command.name);
      const { operands, values } = parseArguments(words, command);
      const operandsMax = command.operands?.split(' ').length ?? 0;
      assert.ok(operands.length <= operandsMax, example);
      for (const [i, operand] of operands.entries())
        assertListed(operand, command.operandChoices?.[i], example);
      for (const [option, value] of Object.entries(values))
        assertListed(value, command.options[option]?.choices, example);
    }
  }
});

test('the examples of quick commands run', async () => {
  const quick = commands.filter(({ name }) => QUICK.has(name));
  for (const example of quick.flatMap(({ examples }) => examples)) {
    const { status, stderr } = await run(example.split(' '), repository);
    assert.deepEqual([status, stderr], [0, ''], example);
  }
});

test('the examples of generate name machines and windows that exist', () => {
  for (const example of generate.examples) {
    const args = parseArguments(example.split(' ').slice(1), generate);
    const { window } = readGenerateOptions(args, windowConfiguration(args));
    assert.ok(window.machineIds.length > 0 && window.toMs > window.fromMs, example);
  }
});

test('a window may be relative to now', async () => {
  const words = ['generate', '--from', '-2m', '--to', 'now', '--format', 'csv', '--out', '-'];
  const { status, stdout } = await run(words, freshDirectory());
  assert.equal(status, 0);
  assert.ok(stdout.split('\n').length > 100, stdout);
});
