import { BackOff } from '../runtime/back-off.ts';
import { sleep } from '../runtime/sleep.ts';
import { StoreError } from './store-error.ts';

/**
 * Repeats some work until the database has carried it out.
 *
 * @param signal - Stops the attempts; the outcome is unknown then.
 * @returns The result of the work; undefined if the attempts were stopped.
 */
export async function persist<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const backOff = new BackOff();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    if (signal.aborted) return undefined;
    await sleep(backOff.nextMs(), signal);
  }
}
