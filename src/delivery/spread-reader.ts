import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { Random } from '../core/random.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { FleetSwitchReader, type SwitchableReader } from '../simulation/fleet-switch-reader.ts';

/** Lags are multiples of this, and what is spread is read as often [ms of simulated time]. */
export const LAG_STEP_MS = 50;
/** Lags that machines of one interval may have: one every step for 30 s, fewer for longer ones. */
const LAGS_MAX = 600;
const LAG = 0;

/**
 * How long after it fell due a machine's reading is published, from 0 to less than its interval:
 * always the same for its id, whatever fleet it is in.
 */
export function lagMs({ id, intervalMs }: Pick<Machine, 'id' | 'intervalMs'>): number {
  const stepMs = LAG_STEP_MS * Math.max(1, Math.ceil(intervalMs / LAG_STEP_MS / LAGS_MAX));
  const lags = Math.max(1, Math.floor(intervalMs / stepMs));
  return stepMs * Math.floor(lags * new Random(0, id).uniform(LAG, 0));
}

/** The longest that any reading of some machines waits to be published [ms]. */
export function longestLagMs(machines: readonly Machine[]): number {
  return machines.reduce((longest, machine) => Math.max(longest, lagMs(machine)), 0);
}

/** Machines of one lag. */
interface Part {
  readonly lagMs: number;
  readonly fleetReader: FleetSwitchReader;
}

/**
 * Reads each machine some time later than the others: what all of them report on the same second
 * is spread over the interval. The times of readings, their bytes, and the order of one machine's
 * are as ever.
 *
 * It stands at T where every reading whose time and lag add up to T or less has been read; so one
 * instant says how far it is, and a machine of lag p has been read up to T − p.
 */
export class SpreadReader implements SwitchableReader {
  readonly #statusIntervalS: number;
  readonly #byLag = new Memo(machinesByLag);
  readonly #parts: Part[];
  #latest: Fleet;
  #timeMs = Number.NaN;
  /** Where the step ends that is being read, and the part of it that is read next. */
  #stepEndMs = Number.NaN;
  #at = 0;

  constructor(fleet: Fleet, { statusIntervalS }: { readonly statusIntervalS: number }) {
    this.#statusIntervalS = statusIntervalS;
    this.#latest = fleet;
    this.#parts = [...this.#byLag.of(fleet).keys()].map((lag) => this.#part(lag));
  }

  get fleet(): Fleet {
    return this.#latest;
  }

  get timeMs(): number {
    return this.#timeMs;
  }

  seek(timeMs: number, announce = false): void {
    for (const _ of this.seeking(timeMs, announce));
  }

  *seeking(timeMs: number, announce = false): Generator<undefined> {
    this.#timeMs = timeMs;
    this.#at = 0;
    for (const part of this.#parts) yield* part.fleetReader.seeking(timeMs - part.lagMs, announce);
  }

  /** As {@link FleetSwitchReader.follow}: a reading later than `fromMs` is the new fleet's. */
  follow(fleet: Fleet, fromMs: number): void {
    const known = new Set(this.#parts.map((part) => part.lagMs));
    for (const lag of this.#byLag.of(fleet).keys()) {
      if (known.has(lag)) continue;
      // Nobody in the fleet before has this lag: it has nothing to read until the next one holds.
      const part = this.#part(lag);
      part.fleetReader.seek(this.#timeMs - lag);
      this.#parts.push(part);
    }
    for (const { fleetReader } of this.#parts) fleetReader.follow(fleet, fromMs);
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
        if (!part.fleetReader.read(this.#stepEndMs - part.lagMs, batch)) return false;
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
      fleetReader: new FleetSwitchReader(this.#latest, { statusIntervalS, machinesOf }),
    };
  }
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
