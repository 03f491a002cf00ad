import { BackOff } from '../runtime/back-off.ts';
import { sleep } from '../runtime/sleep.ts';
import { StoreError } from './store-error.ts';

/**
 * Repeats some work until the database carries it out.
 *
 * @param signal - Ends the attempts; whether it was carried out is unknown then.
 * @returns What the work gives; nothing where the attempts were ended.
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
