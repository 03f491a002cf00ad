import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';

/** Most machines whose day so far is computed; seeking to each takes some milliseconds. */
export const MACHINES_MAX = 1000;
/** Most readings of the day so far that are computed: about seven seconds of CPU time. */
export const READINGS_MAX = 5_000_000;
/** Readings computed before the event loop gets a turn: less than a millisecond. */
const BATCH_ROWS = 256;

/** Energy and production of a machine in one local day of its factory, or in a part of it. */
export interface DaySums {
  /** Readings later than this are included: midnight, or when the machine was first seen [ms]. */
  readonly fromMs: number;
  /** Total over all carriers that the machine consumes. */
  readonly energyKwh: number;
  readonly productionCount: number;
}

type Tally = { -readonly [K in keyof DaySums]: DaySums[K] } & { readonly untilMs: number };

/**
 * The totals of each machine since the last midnight of its factory.
 *
 * A reading belongs to the day in which its interval ends, and midnight is the end of a day: the
 * totals cover the readings later than midnight.
 */
export class DailyTotals {
  readonly #tallies = new Map<string, Tally>();

  /**
   * The totals of a machine for the day of an instant, from the readings added so far. An unknown
   * machine has zero totals from that instant on.
   */
  of({ id, site }: Machine, timeMs: number): DaySums {
    const tally = this.#tallies.get(id);
    if (!tally) return tallyFrom(timeMs, timeMs);
    if (timeMs >= tally.untilMs) return tallyFrom(...dayOf({ site }, timeMs));
    return tally;
  }

  /** Adds the next reading of a machine. */
  add(batch: Batch, row: number): void {
    const machine = batch.machines[row] as Machine;
    const timeMs = batch.timesMs[row] as number;
    let tally = this.#tallies.get(machine.id);
    if (!tally || timeMs > tally.untilMs) {
      const [midnightMs, untilMs] = dayOf(machine, timeMs - 1);
      const fromMs = tally ? midnightMs : Math.max(midnightMs, timeMs - machine.intervalMs);
      tally = tallyFrom(fromMs, untilMs);
      this.#tallies.set(machine.id, tally);
    }
    addReading(tally, batch, row);
  }

  /** Forgets a machine that has left the fleet. */
  forget(id: string): void {
    this.#tallies.delete(id);
  }

  /** Starts the totals of machines at an instant. */
  begin(machines: readonly Machine[], timeMs: number): void {
    for (const machine of machines) {
      const [, untilMs] = dayOf(machine, timeMs);
      this.#tallies.set(machine.id, tallyFrom(timeMs, untilMs));
    }
  }

  /**
   * Adds the readings from midnight until `timeMs`, the instant given to `begin`, one machine
   * after another, yielding to the event loop in between. Beyond {@link MACHINES_MAX} machines or
   * {@link READINGS_MAX} readings nothing is added, and the totals start at `timeMs`.
   */
  async restore(fleet: Fleet, timeMs: number, signal: AbortSignal): Promise<void> {
    if (!isAffordable(fleet.machines, timeMs)) return;
    for (const machine of fleet.machines) {
      const past = await pastOf(fleet, machine, timeMs, signal);
      if (signal.aborted) return;
      const tally = this.#tallies.get(machine.id);
      // The machine may have left meanwhile, or another day may have begun.
      if (tally?.fromMs !== timeMs) continue;
      tally.fromMs = past.fromMs;
      tally.energyKwh += past.energyKwh;
      tally.productionCount += past.productionCount;
    }
  }
}

/** The midnights at or before an instant, and after it [ms]. */
function dayOf({ site }: Pick<Machine, 'site'>, timeMs: number): [number, number] {
  const day = site.localDay(timeMs / 1000);
  return [1000 * site.localDayStartS(day), 1000 * site.localDayStartS(day + 1)];
}

function tallyFrom(fromMs: number, untilMs: number): Tally {
  return { fromMs, untilMs, energyKwh: 0, productionCount: 0 };
}

function addReading(tally: Tally, { machines, trueValues: values }: Batch, row: number): void {
  const { type } = machines[row] as Machine;
  const at = row * ROW_WIDTH;
  tally.energyKwh += type.energyTakenKwh(values, at);
  if (type.productionColumn >= 0)
    tally.productionCount += values[at + type.productionColumn] as number;
}

/** Whether the day so far is cheap enough to compute; a main meter costs all that it meters. */
function isAffordable(machines: readonly Machine[], timeMs: number): boolean {
  let [count, readings] = [0, 0];
  for (const machine of machines) {
    const [midnightMs] = dayOf(machine, timeMs);
    for (const { intervalMs } of [machine, ...(machine.metered ?? [])]) {
      count++;
      readings += (timeMs - midnightMs) / intervalMs;
      if (count > MACHINES_MAX || readings > READINGS_MAX) return false;
    }
  }
  return true;
}

/** The totals from midnight until `timeMs`; one reading of a main meter costs many. */
async function pastOf(
  fleet: Fleet,
  machine: Machine,
  timeMs: number,
  signal: AbortSignal,
): Promise<DaySums> {
  const tally = tallyFrom(...dayOf(machine, timeMs));
  const { intervalMs, metered = [] } = machine;
  const cost = metered.reduce((sum, each) => sum + intervalMs / each.intervalMs, 1);
  const room = new Batch(Math.ceil(BATCH_ROWS / cost));
  const reader = createReader(fleet, { machines: [machine], isTrue: true });
  reader.seek(tally.fromMs);
  for (const batch of batches(reader, timeMs, room)) {
    for (let row = 0; row < batch.length; row++)
      if (batch.isMade(row)) addReading(tally, batch, row);
    await turn();
    if (signal.aborted) break;
  }
  return tally;
}
