import type { Diagnostic } from '../core/errors.ts';

/** Why a command was refused: unknown id, conflicting state, bad value, overload, missing part. */
export type Refusal = 'unknown' | 'conflict' | 'invalid' | 'busy' | 'unavailable';

/** A command that was refused and changed nothing; its message is for the client. */
export class CommandError extends Error {
  readonly refusal: Refusal;
  readonly faults: readonly Diagnostic[];

  constructor(
    refusal: Refusal,
    message: string,
    faults: readonly Diagnostic[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CommandError';
    this.refusal = refusal;
    this.faults = faults;
  }
}
