import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8 collects larger heaps beside the program, without a pause worth mentioning [bytes]. */
const HEAP_MAX_BYTES = 100e6;

/**
 * Returns to the system what only the start of the program needed. V8 does so by itself only when
 * it has been idle for some time, which a program that is asked for its status every second never
 * is. Takes some tens of milliseconds; a large heap stays as it is.
 */
export function collectGarbage(): void {
  if (process.memoryUsage().heapTotal > HEAP_MAX_BYTES) return;
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
