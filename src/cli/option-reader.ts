import { ConfigError, type Diagnostic } from '../core/errors.ts';
import { notAccepted } from '../schema/diagnostics.ts';
import { scalar, type ValueType } from '../schema/value-type.ts';
import type { Arguments } from './command.ts';

/** Reads a command's options one by one and collects what is wrong with any of them. */
export class OptionReader {
  readonly #args: Arguments;
  readonly #faults: Diagnostic[] = [];

  constructor(args: Arguments) {
    this.#args = args;
  }

  /** The option as it was written. */
  written(name: string): string | undefined {
    return this.#args.values[name];
  }

  /** Whether an option with a value, or a flag, was given. */
  isGiven(name: string): boolean {
    return this.#args.values[name] !== undefined || this.#args.flags.has(name);
  }

  /** What an option means; undefined where it was not given, or is not accepted: a fault then. */
  read<T>(name: string, type: ValueType<T>): T | undefined {
    return this.#read(name, type, (written) => notAccepted(written, type));
  }

  /**
   * Reads an option that may hold a password, and so is never shown.
   *
   * @param guess - What was probably meant, without any secret.
   */
  readSecret<T>(
    name: string,
    type: ValueType<T>,
    guess: (written: string) => string | undefined = () => undefined,
  ): T | undefined {
    return this.#read(name, type, (written) => {
      const meant = guess(written);
      const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
      return `what was given is not accepted; ${type.expected}${hint}`;
    });
  }

  fault(name: string, message: string): void {
    this.#faults.push({ path: `--${name}`, message });
  }

  /** @throws ConfigError with everything that was wrong. */
  check(): void {
    if (this.#faults.length > 0) throw new ConfigError(this.#faults);
  }

  #read<T>(name: string, type: ValueType<T>, message: (written: string) => string): T | undefined {
    const written = this.written(name);
    if (written === undefined) return undefined;
    const value = type.parse(scalar(written, type));
    if (value === undefined) this.fault(name, message(written));
    return value;
  }
}
