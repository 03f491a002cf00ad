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

/**
 * A signal that is aborted after a while, or together with another one. (`AbortSignal.timeout` in
 * `AbortSignal.any` may be collected as garbage before it fires, and then never does:
 * nodejs/node#57736. This one is held by its timer.)
 */
export function deadline(durationMs: number, signal: AbortSignal): AbortSignal {
  const end = new AbortController();
  const abort = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    end.abort();
  };
  const timer = setTimeout(abort, durationMs).unref();
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort);
  return end.signal;
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
