import { parseArgs } from 'node:util';
import { ConfigError, type Diagnostic, nearestName } from '../core/errors.ts';
import { columns } from './columns.ts';
import type { Arguments, Command, Option } from './command.ts';
import { Reporter, type Terminal } from './reporter.ts';

/** The name of the program. */
export const PROGRAM = 'enms-simulator';

/** Loads the code of a command on demand, so that a small command starts quickly. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** The command that runs if none is given. */
export const DEFAULT_COMMAND = 'run';

/** Names of our commands in other programs that are not similar in spelling. */
const SYNONYMS: Readonly<Record<string, string>> = {
  autocomplete: 'completion',
  config: 'check',
  create: 'generate',
  dashboard: 'open',
  dataset: 'generate',
  diff: 'compare',
  dump: 'generate',
  export: 'generate',
  fault: 'inject',
  health: 'status',
  lint: 'check',
  list: 'machines',
  play: 'replay',
  publish: 'replay',
  serve: 'run',
  simulate: 'run',
  start: 'run',
  test: 'validate',
  top: 'watch',
  types: 'machines',
  verify: 'compare',
};

const HELP_OPTION: Readonly<Record<string, Option>> = { help: { about: 'Show this help.' } };

/** The options of every command that reports a result. */
const REPORT_OPTIONS: Readonly<Record<string, Option>> = {
  json: { about: 'Print the result as JSON.' },
  quiet: { about: 'Print errors only.' },
};

/** All options of a command, including those of every command. */
export function optionsOf({ options, hasReport }: Command): Readonly<Record<string, Option>> {
  return { ...options, ...(hasReport && REPORT_OPTIONS), ...HELP_OPTION };
}

/**
 * Runs the command of a command line, or shows help or the version.
 *
 * @param words - The arguments of the process, without its name.
 * @param terminal - Where the command writes.
 * @returns The exit code.
 * @throws ConfigError for an unknown command or option, with the nearest known name.
 */
export async function runCommandLine(
  words: readonly string[],
  commands: Commands,
  version: string,
  terminal: Terminal,
): Promise<number> {
  const [first = ''] = words;
  if (first === '--version' || first === '-v') {
    terminal.stdout.write(`${version}\n`);
    return 0;
  }
  const wanted = words[1];
  if (first === 'help' && wanted !== undefined && !wanted.startsWith('-'))
    return runCommandLine([wanted, '--help'], commands, version, terminal);
  if (first === '--help' || first === '-h' || first === 'help') {
    terminal.stdout.write(await overview(commands));
    return 0;
  }
  const isNamed = first !== '' && !first.startsWith('-');
  const name = isNamed ? first : DEFAULT_COMMAND;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    const meant = Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name] : undefined;
    if (meant !== undefined && Object.hasOwn(commands, meant))
      throw new ConfigError([{ path: name, message: `is not a command; did you mean ${meant}?` }]);
    throw new ConfigError([unknown(name, 'a command', Object.keys(commands))]);
  }
  const command = await load();
  const args = parseArguments(words.slice(isNamed ? 1 : 0), command);
  if (args.flags.has('help')) {
    terminal.stdout.write(help(command));
    return 0;
  }
  return command.execute(args, new Reporter(terminal, args.flags));
}

/**
 * Parses the arguments after the name of a command.
 *
 * @throws ConfigError with all options that are unknown or lack their value.
 */
export function parseArguments(words: readonly string[], command: Command): Arguments {
  const options = { ...HELP_OPTION, ...optionsOf(command) };
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [
        name,
        {
          type: value === undefined ? 'boolean' : 'string',
          ...(name === 'help' && { short: 'h' }),
        },
      ]),
    ),
    // Not strict, so that all errors are found, not only the first.
    strict: false,
    tokens: true,
  });
  const values: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const flags = new Set<string>();
  const operands: string[] = [];
  const faults: Diagnostic[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    const path = token.rawName;
    if (!option) faults.push(unknown(token.rawName, 'an option', Object.keys(options), '--'));
    else if (option.value === undefined && token.value === undefined) flags.add(token.name);
    else if (option.value === undefined) faults.push({ path, message: 'does not take a value' });
    else if (!token.value || isOption(token))
      faults.push({ path, message: `needs a value; ${option.value}` });
    else {
      values[token.name] = token.value;
      lists[token.name] = [...(lists[token.name] ?? []), token.value];
    }
  }
  // An operand after an unknown option may be its value.
  if (!command.operands && operands.length > 0 && faults.length === 0)
    faults.push({
      path: withoutCredentials(operands[0] as string),
      message: `is not expected after ${command.name}; give the command first, then its options`,
    });
  if (faults.length > 0) throw new ConfigError(faults);
  return { values, lists, flags, operands };
}

/** Whether the value of an option is itself an option; `-7d` and `-` are values. */
function isOption({ value, inlineValue }: { value: string; inlineValue?: boolean }): boolean {
  return !inlineValue && value.startsWith('--');
}

/** A word without the user and password that it contains if it is a URL. */
function withoutCredentials(word: string): string {
  return word.replace(/\/\/[^/]*@/, '//');
}

/** An error in a name, with the nearest known name, or else all names. */
export function unknown(
  name: string,
  what: string,
  known: readonly string[],
  prefix = '',
): Diagnostic {
  const near = nearestName(name.slice(prefix.length), known);
  const hint = near ? `did you mean ${prefix}${near}?` : known.map((k) => prefix + k).join(', ');
  return { path: name, message: `is not ${what}; ${hint}` };
}

async function overview(commands: Commands): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const rows = all.map(({ name, about }) => [
    `  ${name}`,
    name === DEFAULT_COMMAND ? `${about} The default.` : about,
  ]);
  const options = [
    ['  --help', 'Show this help; after a command, its options.'],
    ['  --version', 'Show the version.'],
  ];
  return [
    `Usage: ${PROGRAM} [COMMAND] [OPTIONS]\n`,
    `Commands:\n${columns(rows)}`,
    `Options:\n${columns(options)}`,
    'Everything else is configured by environment variables or an .env file: see .env.example\n' +
      `and ${PROGRAM} check.\n`,
  ].join('\n');
}

/** The help of a command. */
export function help(command: Command): string {
  const { name, about, operands, examples } = command;
  const rows = Object.entries(optionsOf(command)).map(([option, each]) => [
    `  --${option}${each.value ? ` ${each.value}` : ''}`,
    each.default === undefined ? each.about : `${each.about} Default: ${each.default}.`,
  ]);
  const usage = `Usage: ${PROGRAM} ${name}${operands ? ` ${operands}` : ''} [OPTIONS]\n`;
  const lines = examples.map((example) => `  ${PROGRAM} ${example}\n`);
  const shown = lines.length > 0 ? `\nExamples:\n${lines.join('')}` : '';
  return `${usage}\n${about}\n\nOptions:\n${columns(rows)}${shown}`;
}
