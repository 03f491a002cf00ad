import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

/** What the process does by itself is over after so many turns of its loop. */
const TURNS = 100;
/** How often is looked then: to look all the time would take a core from what is waited for [ms]. */
const LOOK_MS = 4;

/** Lets everything else run until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await holds()); turns++) await (turns < TURNS ? turn() : pause(LOOK_MS));
}
