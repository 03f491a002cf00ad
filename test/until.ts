import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

/** Work inside the process is done after this number of turns of its event loop. */
const TURNS = 100;
/** Polling interval after that: polling without a pause would take a core [ms]. */
const LOOK_MS = 4;

/** Lets everything else run until a condition holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await holds()); turns++) await (turns < TURNS ? turn() : pause(LOOK_MS));
}
