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

/**
 * The outcome of some work, if that does not take too long; the work goes on in any case.
 *
 * @throws Error that says so where it does, or where the signal is aborted.
 */
export async function within<T>(
  durationMs: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const timer = new AbortController();
  const ends = signal ? AbortSignal.any([timer.signal, signal]) : timer.signal;
  const late = sleepUnless(ends, durationMs).then(() => {
    if (signal?.aborted) throw new Error('it was stopped');
    throw new Error(`no answer within ${durationMs / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
