import type { Writable } from 'node:stream';

/** An option of a command, written `--name VALUE` or, where `value` is missing, as a flag. */
export interface Option {
  /** What stands for the value in `--help`: `FILE`. */
  readonly value?: string;
  readonly about: string;
  /** What holds when the option is not given, as `--help` says it. */
  readonly default?: string;
}

/** What was written behind a command's name, checked against its options. */
export interface Arguments {
  /** Values of the options that were given, by name. */
  readonly values: Readonly<Record<string, string>>;
  /** Names of the flags that were given. */
  readonly flags: ReadonlySet<string>;
  /** What is neither an option nor the value of one. */
  readonly operands: readonly string[];
}

/** Where a command writes: standard output and standard error of the process, or a test's own. */
export interface Terminal {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** A command of the command line: one file of this folder. */
export interface Command {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  /** What may stand behind the name, as `--help` says it: `[TYPE]`; nothing, if not given. */
  readonly operands?: string;
  /**
   * Does the command's work.
   *
   * @returns The exit code of the process.
   * @throws ConfigError for what the user has to mend; the process then exits with 2.
   */
  execute(args: Arguments, terminal: Terminal): Promise<number>;
}

/** The option of commands that run a fleet. */
export const FLEET_OPTION: Readonly<Record<'machines', Option>> = {
  machines: {
    value: 'NUMBER',
    about: 'A fleet of so many machines, a fifth of each basic type.',
    default: 'FLEET_MACHINES, else the registry',
  },
};

/**
 * The number of machines that `--machines` asks for where it may also name some of a factory's: a
 * number alone, without a file that could have a machine of that name.
 */
export function fleetSize({ machines, factory }: Arguments['values']): string | undefined {
  return factory === undefined && /^\s*\d+\s*$/.test(machines ?? '') ? machines : undefined;
}

/** The option of every command that reads the configuration. */
export const FACTORY_OPTION: Readonly<Record<'factory', Option>> = {
  factory: {
    value: 'FILE',
    about: 'Factories and machines from a YAML or JSON file.',
    default: 'FACTORY_FILE, else the default factory',
  },
};
