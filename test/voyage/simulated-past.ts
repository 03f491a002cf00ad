/** The messages of a simulated voyage if nothing had ever gone wrong. */
import { type Batch, READING, STATUS } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import type { Journal } from '../../src/core/journal.ts';
import { shareOf } from '../../src/delivery/shares.ts';
import { lagMs } from '../../src/delivery/spread-reader.ts';
import { Messages } from '../../src/outputs/mqtt/messages.ts';
import { createFleet, type Fleet, nextFleet } from '../../src/simulation/fleet.ts';
import { FleetSwitchReader } from '../../src/simulation/fleet-switch-reader.ts';
import { batches } from '../../src/simulation/reader.ts';
import { keyOf, type Receiver } from './simulated-world.ts';

/** Longest delay between a reading and its publication in a voyage [ms]. */
export const SPREAD_MAX_MS = 30_000;
/** Number of differences shown; more would not help. */
const SHOWN = 5;

/** The registry from an instant on. */
export interface Chapter {
  readonly fromMs: number;
  readonly factories: readonly FactoryDescription[];
}

/** A fleet, and the instant after which it is read. */
export interface Leg {
  readonly fromMs: number;
  readonly fleet: Fleet;
}

/** The fleets of a registry's history, each derived from the one before. */
export function legsOf(chapters: readonly Chapter[], journal: Journal, seed: number): Leg[] {
  const legs: Leg[] = [];
  for (const { fromMs, factories } of chapters) {
    const before = legs.at(-1)?.fleet;
    const fleet = before ? nextFleet(before, factories) : createFleet(factories, { seed, journal });
    legs.push({ fromMs, fleet });
  }
  return legs;
}

interface Expected {
  readonly payload: string;
  readonly machine: Machine;
  readonly timeMs: number;
  /** Whether it is required; a status may come with any reading. */
  readonly isDue: boolean;
}

/** Everything due in a voyage, from its final journal and registry. */
export class Past {
  readonly #legs: readonly Leg[];
  readonly #startMs: number;
  readonly #expected = new Map<string, Expected>();

  constructor(legs: readonly Leg[], startMs: number, untilMs: number) {
    this.#legs = legs;
    this.#startMs = startMs;
    const [first, ...others] = legs as [Leg, ...Leg[]];
    const reader = new FleetSwitchReader(first.fleet);
    for (const { fleet, fromMs } of others) reader.follow(fleet, fromMs);
    // A spread delivery begins with readings that are still to be published.
    reader.seek(startMs - SPREAD_MAX_MS);
    for (const batch of batches(reader, untilMs)) this.#add(batch);
  }

  get size(): number {
    return this.#expected.size;
  }

  /**
   * The errors in what a receiver has: missing, different or unexpected messages, except for gaps
   * that were reported to it. Statuses may come more often than required.
   *
   * @param isSpread - Whether its last readings are still to come.
   */
  faults(receiver: Receiver, untilMs: number, isSpread: boolean): string[] {
    const faults: string[] = [];
    const { payloads, gaps } = receiver;
    for (const [key, { payload, machine, timeMs, isDue }] of this.#expected) {
      const got = payloads.get(key);
      const lag = lagMs(machine);
      const isLeftOut = gaps.some(({ fromMs, toMs, share, ...gap }) => {
        const readMs = timeMs + (gap.isSpread ? lag : 0);
        return (
          readMs > fromMs && readMs <= toMs && shareOf(machine.id, share.count) === share.index
        );
      });
      const isPast = timeMs + (isSpread ? lag : 0) <= untilMs;
      if (got === undefined && isDue && isPast && !isLeftOut)
        faults.push(`missing: ${key} ${payload}`);
      if (got !== undefined && got !== payload) faults.push(`${key}: ${got}, not ${payload}`);
    }
    for (const [key, payload] of payloads)
      if (!this.#expected.has(key) && !this.#isOffline(key, payload))
        faults.push(`not expected: ${key} ${payload}`);
    return faults.length > SHOWN
      ? [...faults.slice(0, SHOWN), `and ${faults.length - SHOWN} more`]
      : faults;
  }

  #add(batch: Batch): void {
    // Every reading is encoded with a status, to know what a status would be.
    const flags = batch.flags.slice(0, batch.length);
    for (let row = 0; row < batch.length; row++)
      if ((flags[row] as number) & READING) batch.flags[row] = READING | STATUS;
    const messages = new Messages().of(batch);
    for (const [row, flag] of flags.entries()) {
      const machine = batch.machines[row] as Machine;
      const timeMs = batch.timesMs[row] as number;
      const count = 1 + (flag & READING ? machine.type.channels.length : 0);
      for (let i = 0; i < count; i++) {
        const message = messages.next().value as NonNullable<
          ReturnType<typeof messages.next>['value']
        >;
        const isDue = timeMs > this.#startMs && (!message.isRetained || (flag & STATUS) !== 0);
        const payload = String(message.payload);
        this.#expected.set(keyOf(message), { payload, machine, timeMs, isDue });
      }
    }
  }

  /** Whether it is the status of a machine that is off or absent then. */
  #isOffline(key: string, payload: string): boolean {
    const [path, time] = key.split(' ') as [string, string];
    if (!path.endsWith('/status')) return false;
    const { is_running: isRunning, operating_mode: mode } = JSON.parse(payload);
    const { fleet } = this.#legs.findLast(({ fromMs }) => fromMs <= Number(time)) as Leg;
    const machine = fleet.machines.find(({ topic }) => `${topic}/status` === path);
    const stands = !machine || !fleet.journal.isRunning(machine.id, Number(time) / 1000);
    return stands && isRunning === false && mode === 'offline';
  }
}
