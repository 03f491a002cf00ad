import { setTimeout as sleep } from 'node:timers/promises';

/** Sleeps, or wakes at once when the signal is aborted. */
export async function sleepUnless(
  signal: AbortSignal | undefined,
  durationMs: number,
): Promise<void> {
  try {
    await sleep(durationMs, undefined, signal ? { signal } : {});
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** Waits for some work, but not for longer; the work goes on. */
export async function atMost(durationMs: number, work: Promise<void> | undefined): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([work, sleepUnless(timer.signal, durationMs)]);
  } finally {
    timer.abort();
  }
}
