/** What a shell says of a process that a signal ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Ends a command's work in order when the process is told to end; told again, it ends at once. */
export class Interruption {
  /** What a command that was interrupted exits with. */
  exitCode = 1;
  readonly #controller = new AbortController();

  constructor() {
    for (const [name, exitCode] of Object.entries(EXIT_CODES))
      process.on(name, () => {
        if (this.signal.aborted) process.exit(exitCode);
        this.exitCode = exitCode;
        this.#controller.abort();
      });
  }

  /** Aborted from the first signal on. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}
