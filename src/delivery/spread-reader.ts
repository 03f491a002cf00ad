import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { Random } from '../core/random.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import type { SwitchableReader } from '../simulation/fleet-switch-reader.ts';
import { FleetReceiptReader } from '../simulation/receipt-reader.ts';

/** Lags are multiples of this, and it is the step in which a spread is read [simulated ms]. */
export const LAG_STEP_MS = 50;
/** Number of lags of one interval: one for each step of 30 s, and no more for longer ones. */
const LAGS_MAX = 600;
const LAG = 0;

/**
 * How long after falling due a machine's readings are published, from 0 to less than its interval.
 * It depends on the machine's id and interval alone.
 */
export function lagMs({ id, intervalMs }: Pick<Machine, 'id' | 'intervalMs'>): number {
  const stepMs = LAG_STEP_MS * Math.max(1, Math.ceil(intervalMs / LAG_STEP_MS / LAGS_MAX));
  const lags = Math.max(1, Math.floor(intervalMs / stepMs));
  return stepMs * Math.floor(lags * new Random(0, id).uniform(LAG, 0));
}

/** The machines of one lag. */
interface Part {
  readonly lagMs: number;
  readonly fleetReader: FleetReceiptReader;
  /** Switches of fleets, ascending, at which the part is read without its lag [ms]. */
  readonly drainsMs: number[];
  /** The last of them that it was read up to. */
  drainedMs: number;
}

/**
 * Reads each machine with a lag of its own, so that readings of the same second are spread over the
 * interval. Their times and bytes do not change, nor does the order of a machine's readings.
 *
 * At position T, every reading whose time plus lag is at most T has been read. So one instant says
 * how far the reader is, and a machine of lag p has been read up to T − p.
 *
 * At a switch to another fleet, the lags from which machines leave, or change to a shorter one, are
 * read up to the switch at once: a machine's readings stay in order, and a reader of the next fleet
 * alone that begins at T or later leaves none of them out.
 */
export class SpreadReader implements SwitchableReader {
  readonly #statusIntervalS: number;
  readonly #byLag = new Memo(machinesByLag);
  readonly #parts: Part[];
  #latest: Fleet;
  /** The last switch, and the fleet before it. */
  #switchMs = Number.NaN;
  #before: Fleet;
  #timeMs = Number.NaN;
  /** The end of the current step, and the next part of it to read. */
  #stepEndMs = Number.NaN;
  #at = 0;

  constructor(fleet: Fleet, { statusIntervalS }: { readonly statusIntervalS: number }) {
    this.#statusIntervalS = statusIntervalS;
    this.#latest = fleet;
    this.#before = fleet;
    this.#parts = [...this.#byLag.of(fleet).keys()].map((lag) => this.#part(lag));
  }

  get timeMs(): number {
    return this.#timeMs;
  }

  /** The longest lag [ms] of the fleets so far, whose last readings may still be waiting. */
  get longestLagMs(): number {
    return this.#parts.reduce((longest, part) => Math.max(longest, part.lagMs), 0);
  }

  seek(timeMs: number, announce = false): void {
    for (const _ of this.seeking(timeMs, announce));
  }

  *seeking(timeMs: number, announce = false): Generator<undefined> {
    this.#timeMs = timeMs;
    this.#at = 0;
    for (const { fleetReader, lagMs, drainedMs } of this.#parts)
      yield* fleetReader.seeking(Math.max(timeMs - lagMs, drainedMs), announce);
  }

  /** As {@link FleetReceiptReader.follow}: a reading later than `fromMs` is the new fleet's. */
  follow(fleet: Fleet, fromMs: number): void {
    const known = new Set(this.#parts.map((part) => part.lagMs));
    for (const lag of this.#byLag.of(fleet).keys()) {
      if (known.has(lag)) continue;
      // No machine of the current fleet has this lag, so there is nothing to read until the switch.
      const part = this.#part(lag);
      part.fleetReader.seek(this.#timeMs - lag);
      this.#parts.push(part);
    }
    // Another switch at the same instant replaces the last one.
    if (fromMs !== this.#switchMs) this.#before = this.#latest;
    for (const { lagMs, fleetReader, drainsMs } of this.#parts) {
      fleetReader.follow(fleet, fromMs);
      const isLeft = this.#byLag.of(this.#before).get(lagMs)?.some(leaves(fleet));
      if (isLeft && drainsMs.at(-1) !== fromMs) drainsMs.push(fromMs);
    }
    this.#switchMs = fromMs;
    this.#latest = fleet;
  }

  announce(): void {
    for (const { fleetReader } of this.#parts) fleetReader.announce();
  }

  read(untilMs: number, batch: Batch): boolean {
    const isDone = this.#fill(untilMs, batch);
    batch.untilMs = this.#timeMs;
    return isDone;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    while (this.#timeMs < untilMs) {
      if (this.#at === 0) {
        const nextMs = (Math.floor(this.#timeMs / LAG_STEP_MS) + 1) * LAG_STEP_MS;
        this.#stepEndMs = Math.min(untilMs, nextMs);
      }
      for (; this.#at < this.#parts.length; this.#at++) {
        const part = this.#parts[this.#at] as Part;
        const drainMs = part.drainsMs.findLast((timeMs) => timeMs <= this.#stepEndMs);
        const untilMs = Math.max(this.#stepEndMs - part.lagMs, drainMs ?? part.drainedMs);
        if (!part.fleetReader.read(untilMs, batch)) return false;
        while (part.drainsMs[0] !== undefined && part.drainsMs[0] <= this.#stepEndMs)
          part.drainedMs = part.drainsMs.shift() as number;
      }
      this.#at = 0;
      this.#timeMs = this.#stepEndMs;
    }
    return true;
  }

  #part(lag: number): Part {
    const machinesOf = (fleet: Fleet) => this.#byLag.of(fleet).get(lag) ?? [];
    const statusIntervalS = this.#statusIntervalS;
    return {
      lagMs: lag,
      fleetReader: new FleetReceiptReader(this.#latest, { statusIntervalS, machinesOf }),
      drainsMs: [],
      drainedMs: Number.NEGATIVE_INFINITY,
    };
  }
}

/** Whether a machine is not in the next fleet, or with another topic or a shorter lag. */
function leaves(next: Fleet): (machine: Machine) => boolean {
  return (machine) => {
    const after = next.byId.get(machine.id);
    if (after === machine) return false;
    return after?.topic !== machine.topic || lagMs(after) < lagMs(machine);
  };
}

function machinesByLag({ machines }: Fleet): ReadonlyMap<number, readonly Machine[]> {
  const byLag = new Map<number, Machine[]>();
  for (const machine of machines) {
    const lag = lagMs(machine);
    const sameLag = byLag.get(lag);
    if (sameLag) sameLag.push(machine);
    else byLag.set(lag, [machine]);
  }
  return byLag;
}
