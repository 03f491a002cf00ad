import { setImmediate as turn } from 'node:timers/promises';

/** How long steps run before other work gets a turn [ms]. */
const SLICE_MS = 10;

/** Takes one step after the other, in turns with other work. Ends early if aborted. */
export async function inTurns(
  steps: Iterable<unknown>,
  signal?: AbortSignal,
  sliceMs = SLICE_MS,
): Promise<void> {
  let sinceMs = performance.now();
  for (const _ of steps) {
    if (performance.now() - sinceMs < sliceMs) continue;
    await turn();
    if (signal?.aborted) return;
    sinceMs = performance.now();
  }
}
