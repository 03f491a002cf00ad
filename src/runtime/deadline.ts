import { sleep } from './sleep.ts';

/**
 * A signal that aborts after some time, or when another signal does. (`AbortSignal.timeout` inside
 * `AbortSignal.any` may be garbage-collected before it fires, and then never does:
 * nodejs/node#57736. The timer keeps this one alive.)
 */
export function deadlineSignal(durationMs: number, signal: AbortSignal): AbortSignal {
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

/** Waits until some work settles, or until the time is up. The work itself continues. */
export async function settledWithin(
  work: Promise<void> | undefined,
  durationMs: number,
): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([work, sleep(durationMs, timer.signal)]);
  } finally {
    timer.abort();
  }
}

/**
 * The result of some work, if it arrives in time. The work itself continues.
 *
 * @throws Error if it takes too long, or the signal is aborted.
 */
export async function withDeadline<T>(
  work: Promise<T>,
  durationMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const timer = new AbortController();
  const ends = signal ? AbortSignal.any([timer.signal, signal]) : timer.signal;
  const late = sleep(durationMs, ends).then(() => {
    if (signal?.aborted) throw new Error('stopped');
    throw new Error(`no answer within ${durationMs / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** Rejects once a signal is aborted, unless `ended` is aborted first. */
export function rejectedOn(
  signal: AbortSignal | undefined,
  reason: Error,
  ended: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { signal: ended });
  });
}
