/** Exit codes of a process ended by a signal, as shells report them: 128 + signal number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Stops a command in an orderly way at the first signal, and exits at once at the second. */
export class Interruption {
  /** The exit code of an interrupted command. */
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
