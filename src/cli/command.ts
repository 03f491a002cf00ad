import type { Reporter } from './reporter.ts';

/** An option of a command, written `--name VALUE` or, without `value`, as a flag. */
export interface Option {
  /** Placeholder for the value in `--help`: `FILE`. */
  readonly value?: string;
  readonly about: string;
  /** The default, as shown by `--help`. */
  readonly default?: string;
  /** The accepted values, if they are a list, for completion in a shell. */
  readonly choices?: readonly string[];
}

/** The parsed arguments of a command. */
export interface Arguments {
  /** Values of the options that were given, by name; the last one, if it was given repeatedly. */
  readonly values: Readonly<Record<string, string>>;
  /** All values of the options that were given, by name. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** Names of the flags that were given. */
  readonly flags: ReadonlySet<string>;
  /** Arguments that are neither options nor their values. */
  readonly operands: readonly string[];
}

/** A command of the command line: one file of this folder. */
export interface Command {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  /** The operands, as shown by `--help`: `[TYPE]`; none, if not given. */
  readonly operands?: string;
  /** The accepted operands by position, if they are a list, for completion in a shell. */
  readonly operandChoices?: readonly (readonly string[])[];
  /** Command lines as a user would type them, without the name of the program. */
  readonly examples: readonly string[];
  /** Whether it reports a result, and so accepts `--json` and `--quiet`. */
  readonly hasReport?: boolean;
  /**
   * Runs the command.
   *
   * @returns The exit code of the process.
   * @throws ConfigError for errors that the user can fix; the process then exits with 2.
   */
  execute(args: Arguments, reporter: Reporter): Promise<number>;
}

/** The option of commands that run a factory. */
export const STORY_OPTION: Readonly<Record<'scenario', Option>> = {
  scenario: {
    value: 'FILE',
    about: 'A scenario file to tell from the beginning of an empty store; repeatable.',
    default: 'SCENARIO_FILE',
  },
};

/** The option of commands that run a fleet. */
export const FLEET_OPTION: Readonly<Record<'machines', Option>> = {
  machines: {
    value: 'NUMBER',
    about: 'Size of a generated fleet, a fifth of each basic type.',
    default: 'FLEET_MACHINES, else the registry',
  },
};

/** The option of every command that reads the configuration. */
export const FACTORY_OPTION: Readonly<Record<'factory', Option>> = {
  factory: {
    value: 'FILE',
    about: 'Factories and machines from a YAML or JSON file.',
    default: 'FACTORY_FILE, else the default factory',
  },
};
