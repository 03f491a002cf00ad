import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { Cursor } from './cursor.ts';
import type { Fleet } from './fleet.ts';

/** So often and so long each type is read: enough for V8 to note its shape, too little for more. */
const ROUNDS = 3;
const READINGS = 20;

/**
 * Reads a little of one machine of each type, and keeps nothing of it.
 *
 * V8 compiles a function for the shapes of records that it has met, and anew for each that comes
 * later. Types of machines are so many shapes: met in turn before any of them is read at length,
 * they save a process that begins some twenty-five compilations out of two hundred and forty.
 *
 * @param timeMs - When; what is remembered of a site is best used if it is read from there on.
 */
export function warmUp(fleet: Fleet, timeMs: number): void {
  const machines = new Map<string, Machine>();
  for (const machine of fleet.machines)
    if (!machine.type.isMainMeter) machines.set(machine.type.type, machine);
  const row = new Float64Array(ROW_WIDTH);
  for (let round = 0; round < ROUNDS; round++)
    for (const machine of machines.values()) {
      const { intervalMs } = machine;
      const cursor = new Cursor(machine, fleet.journal);
      let atMs = Math.ceil(timeMs / intervalMs) * intervalMs;
      cursor.start(atMs / 1000);
      for (let i = 0; i < READINGS; i++) {
        atMs += intervalMs;
        cursor.read(atMs / 1000, row, 0);
      }
      cursor.stop(atMs / 1000);
    }
}
