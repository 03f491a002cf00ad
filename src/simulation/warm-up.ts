import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { Cursor } from './cursor.ts';
import type { Fleet } from './fleet.ts';

/** Rounds and readings per type: enough for V8 to record its shape, and no more. */
const ROUNDS = 3;
const READINGS = 20;

/**
 * Reads a little of one machine of each type and discards it.
 *
 * V8 compiles a function for the record shapes that it has met, and recompiles it for each new
 * one. Every machine type is such a shape. Meeting all of them before any is read at length saves
 * a new process about twenty-five of two hundred and forty compilations.
 *
 * @param timeMs - Where reading will start, so that cached values of sites are used.
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
