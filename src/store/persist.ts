import { BackOff } from '../runtime/back-off.ts';
import { sleep } from '../runtime/sleep.ts';
import { StoreError } from './store-error.ts';

/**
 * Repeats some work until the database has carried it out.
 *
 * @param signal - Stops the attempts; the outcome is unknown then.
 * @param isTemporary - Whether to try again after a failure; after all of them by default.
 * @returns The result of the work; undefined if the attempts were stopped.
 */
export async function persist<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  isTemporary: (failure: StoreError) => boolean = () => true,
): Promise<T | undefined> {
  const backOff = new BackOff();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError && isTemporary(error))) throw error;
    }
    if (signal.aborted) return undefined;
    await sleep(backOff.nextMs(), signal);
  }
}
