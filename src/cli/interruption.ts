import type { Log } from '../runtime/log.ts';

/** Exit codes of a process ended by a signal, as shells report them: 128 + signal number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
/** Time to shut down; orchestrators kill the process after some seconds, and we promise five. */
const SHUTDOWN_MAX_MS = 4500;

/** Stops a command in an orderly way at the first signal, and exits at once at the second. */
export class Interruption {
  /** The first signal. */
  name: string | undefined;
  /** The exit code of an interrupted command. */
  exitCode = 1;
  readonly #controller = new AbortController();

  constructor() {
    for (const [name, exitCode] of Object.entries(EXIT_CODES))
      process.on(name, () => {
        if (this.signal.aborted) process.exit(exitCode);
        this.name = name;
        this.exitCode = exitCode;
        this.#controller.abort();
      });
  }

  /** Aborted from the first signal on. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}

/**
 * Stops a service at the first signal: it then has a few seconds to shut down. A second signal
 * exits at once.
 *
 * @param stopping - Logged when it begins to stop.
 * @param late - Logged when it has not stopped in time.
 * @returns A signal that is aborted from the first signal on.
 */
export function stopSignal(log: Log, stopping: string, late: string): AbortSignal {
  const interruption = new Interruption();
  const { signal } = interruption;
  signal.addEventListener('abort', () => {
    log.info({ signal: interruption.name }, stopping);
    setTimeout(() => {
      log.warn({}, late);
      process.exit(0);
    }, SHUTDOWN_MAX_MS).unref();
  });
  return signal;
}
