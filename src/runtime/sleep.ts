import { setImmediate, setTimeout } from 'node:timers/promises';

/** Sleeps for some time, or until the signal is aborted; 0 ms gives everything else a turn. */
export async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    const options = signal ? { signal } : {};
    await (durationMs > 0
      ? setTimeout(durationMs, undefined, options)
      : setImmediate(undefined, options));
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
