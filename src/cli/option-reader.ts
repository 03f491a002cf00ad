import { ConfigError, type Diagnostic } from '../core/errors.ts';
import { Diagnostics, type Place } from '../schema/diagnostics.ts';
import { scalar, type ValueType } from '../schema/value-type.ts';
import type { Arguments } from './command.ts';

/** Reads the options of a command one by one and collects all errors in them. */
export class OptionReader {
  readonly #args: Arguments;
  readonly #diagnostics = new Diagnostics({ pathText: ([name]) => `--${name}` });

  constructor(args: Arguments) {
    this.#args = args;
  }

  /** The text of an option. */
  written(name: string): string | undefined {
    return this.#args.values[name];
  }

  /** All texts of an option that may be given repeatedly. */
  writtenAll(name: string): readonly string[] {
    return this.#args.lists[name] ?? [];
  }

  /** Whether an option with a value, or a flag, was given. */
  isGiven(name: string): boolean {
    return this.#args.values[name] !== undefined || this.#args.flags.has(name);
  }

  /** The value of an option; undefined if it is not given, or not accepted and reported. */
  read<T>(name: string, type: ValueType<T>): T | undefined {
    return this.#read(name, type, (place, written) => place.notAccepted(written, type));
  }

  /** Reads an option that may contain a password, and so is never shown. */
  readSecret<T>(name: string, type: ValueType<T>): T | undefined {
    return this.#read(name, type, (place, written) =>
      place.notAccepted(written, type, 'what was given'),
    );
  }

  /**
   * The operands of a command, of which the first ones are required; missing and extra ones are
   * reported.
   *
   * @param names - Their names, as in the help: `MACHINE`.
   */
  operands(required: readonly string[], optional: readonly string[] = []): readonly string[] {
    const { operands } = this.#args;
    const { errors } = this.#diagnostics;
    for (const name of required.slice(operands.length))
      errors.push({ path: name, message: 'is missing; see --help' });
    for (const path of operands.slice(required.length + optional.length))
      errors.push({ path, message: 'is not expected' });
    return operands;
  }

  /** Reports an error in an option. */
  fault(name: string, message: string): void {
    this.#diagnostics.top.at(name).error(message);
  }

  /**
   * Adds the errors that `read` throws.
   *
   * @param shown - Changes how each is told.
   */
  collect<T>(read: () => T, shown = (fault: Diagnostic): Diagnostic => fault): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#diagnostics.errors.push(...error.faults.map(shown));
      return undefined;
    }
  }

  /** @throws ConfigError with all errors. */
  check(): void {
    this.#diagnostics.check();
  }

  #read<T>(
    name: string,
    type: ValueType<T>,
    refuse: (place: Place, written: string) => void,
  ): T | undefined {
    const written = this.written(name);
    if (written === undefined) return undefined;
    const value = type.parse(scalar(written, type));
    if (value === undefined) refuse(this.#diagnostics.top.at(name), written);
    return value;
  }
}
