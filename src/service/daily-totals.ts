import { setImmediate as turn } from 'node:timers/promises';
import { Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';

/** Machines of which the day so far is read; to go to each takes some milliseconds. */
export const MACHINES_MAX = 1000;
/** Readings of the day so far that are read: some seven seconds of a processor, beside others. */
export const READINGS_MAX = 5_000_000;
/** Readings of a machine that are computed before others get a turn: less than a millisecond. */
const BATCH_ROWS = 256;

/** What a machine has done in a day of its factory's time zone, or in a part of it. */
export interface DaySums {
  /** What it did later than this is in the sums: midnight, or when it was first seen [ms]. */
  readonly fromMs: number;
  /** Of all carriers that it takes. */
  readonly energyKwh: number;
  readonly productionCount: number;
}

type Tally = { -readonly [K in keyof DaySums]: DaySums[K] } & { readonly untilMs: number };

/**
 * What each machine has done since the last midnight of its factory.
 *
 * A reading belongs to the day in which its interval ends, midnight being the end of a day: the
 * sums are those of the readings later than midnight.
 */
export class DailyTotals {
  readonly #tallies = new Map<string, Tally>();

  /**
   * What a machine has done in the day of an instant, up to what was taken of it. Of one that is
   * not known yet that is nothing since this instant.
   */
  of({ id, site }: Machine, timeMs: number): DaySums {
    const tally = this.#tallies.get(id);
    if (!tally) return tallyFrom(timeMs, timeMs);
    if (timeMs >= tally.untilMs) return tallyFrom(...dayOf({ site }, timeMs));
    return tally;
  }

  /** Takes note of a reading, the next one of its machine. */
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

  /** Forgets a machine that has left. */
  forget(id: string): void {
    this.#tallies.delete(id);
  }

  /** Counts what machines do from an instant on. */
  begin(machines: readonly Machine[], timeMs: number): void {
    for (const machine of machines) {
      const [, untilMs] = dayOf(machine, timeMs);
      this.#tallies.set(machine.id, tallyFrom(timeMs, untilMs));
    }
  }

  /**
   * Adds what was done from midnight until `timeMs`, when it began, a machine after the other and
   * with others having their turns. Where that is more than {@link MACHINES_MAX} machines or
   * {@link READINGS_MAX} readings the sums stay those since it began.
   */
  async restore(fleet: Fleet, timeMs: number, signal: AbortSignal): Promise<void> {
    if (!isAffordable(fleet.machines, timeMs)) return;
    for (const machine of fleet.machines) {
      const past = await pastOf(fleet, machine, timeMs, signal);
      if (signal.aborted) return;
      const tally = this.#tallies.get(machine.id);
      // It may have left meanwhile, or another day begun.
      if (tally?.fromMs !== timeMs) continue;
      tally.fromMs = past.fromMs;
      tally.energyKwh += past.energyKwh;
      tally.productionCount += past.productionCount;
    }
  }
}

/** The two midnights that an instant lies between, or at the first of which it lies [ms]. */
function dayOf({ site }: Pick<Machine, 'site'>, timeMs: number): [number, number] {
  const day = site.localDay(timeMs / 1000);
  return [1000 * site.localDayStartS(day), 1000 * site.localDayStartS(day + 1)];
}

function tallyFrom(fromMs: number, untilMs: number): Tally {
  return { fromMs, untilMs, energyKwh: 0, productionCount: 0 };
}

function addReading(tally: Tally, { machines, values }: Batch, row: number): void {
  const { type } = machines[row] as Machine;
  const at = row * ROW_WIDTH;
  tally.energyKwh += type.energyTakenKwh(values, at);
  if (type.productionColumn >= 0)
    tally.productionCount += values[at + type.productionColumn] as number;
}

/** Whether the day so far can be read; a main meter's readings cost those of what it meters. */
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

/** What a machine did from midnight until `timeMs`; a reading of a main meter costs many. */
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
  const reader = createReader(fleet, { machines: [machine] });
  reader.seek(tally.fromMs);
  for (const batch of batches(reader, timeMs, room)) {
    for (let row = 0; row < batch.length; row++)
      if ((batch.flags[row] as number) & READING) addReading(tally, batch, row);
    await turn();
    if (signal.aborted) break;
  }
  return tally;
}
