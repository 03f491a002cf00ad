import type { FactoryDescription, MachineDescription } from '../core/factory.ts';
import { type MachineType, ROW_WIDTH, takenMilliwattHours } from '../core/machine.ts';
import type { NetworkName } from '../core/site.ts';
import type { ChangeOccurrence } from '../core/story.ts';
import { Cursor } from './cursor.ts';
import type { Fleet } from './fleet.ts';

/**
 * Adds up the true energy of a machine over a window: all carriers, each reading in whole
 * milliwatt-hours, so that sums do not depend on how a window is cut.
 */
export class EnergyCount {
  readonly #cursor: Cursor;
  readonly #row = new Float64Array(ROW_WIDTH);
  readonly #lastReading: number;
  #reading: number;
  #mwh = 0;

  /**
   * Counts the readings with `fromS` < t ≤ `toS`.
   *
   * @throws RangeError if the fleet does not have the machine.
   */
  constructor({ byId, journal }: Fleet, machineId: string, fromS: number, toS: number) {
    const machine = byId.get(machineId);
    if (!machine) throw new RangeError(`no machine ${machineId}`);
    this.#cursor = new Cursor(machine, journal);
    this.#cursor.seek(1000 * fromS, this.#row);
    this.#reading = Math.floor((1000 * fromS) / machine.intervalMs);
    this.#lastReading = Math.floor((1000 * toS) / machine.intervalMs);
  }

  /**
   * Continues by at most this many readings.
   *
   * @returns Whether the end of the window is reached.
   */
  advance(readingsMax: number): boolean {
    const cursor = this.#cursor;
    const { intervalMs } = cursor.machine;
    const until = Math.min(this.#lastReading, this.#reading + readingsMax);
    while (this.#reading < until) {
      const tS = (++this.#reading * intervalMs) / 1000;
      if (!cursor.follow(tS)) continue;
      cursor.read(tS, this.#row, 0);
      this.#mwh += takenMilliwattHours(cursor.shown.type, this.#row, 0);
    }
    return this.#reading >= this.#lastReading;
  }

  /** The energy so far [mWh]. */
  get mwh(): number {
    return this.#mwh;
  }
}

/** Whether a machine is the same in two fleets, so that it takes the same energy in both. */
export function isUntouched(a: Fleet, b: Fleet, machineId: string): boolean {
  return a.byId.get(machineId) === b.byId.get(machineId);
}

/**
 * Whether two changes of a factory may influence each other's savings, from the description alone:
 * they overlap in time, and touch the same machine, a network that it is on, or the calendar.
 */
export function interact(
  a: ChangeOccurrence,
  b: ChangeOccurrence,
  factory: FactoryDescription,
  types: readonly MachineType[],
): boolean {
  if (a.beginS >= b.endS || b.beginS >= a.endS) return false;
  const [touchedByA, touchedByB] = [a, b].map((each) => touchedBy(each, factory, types));
  if (touchedByA?.has(EVERYTHING) || touchedByB?.has(EVERYTHING)) return true;
  return [...(touchedByA ?? [])].some((each) => touchedByB?.has(each));
}

/** What a change of the calendar or the climate touches. */
const EVERYTHING = 'everything';

function touchedBy(
  { machine, add = [], remove = [], calendar, networks, climate }: ChangeOccurrence,
  factory: FactoryDescription,
  types: readonly MachineType[],
): ReadonlySet<string> {
  if (calendar || climate) return new Set([EVERYTHING]);
  const ids = [...(machine ? [machine.id] : []), ...remove];
  const machines = [...factory.machines.filter(({ id }) => ids.includes(id)), ...add];
  return new Set([
    ...ids,
    ...add.map(({ id }) => id),
    ...machines.flatMap((each) => networksOf(each, factory, types)),
    ...Object.keys(networks ?? {}),
  ]);
}

/** The networks that a machine supplies or draws from. */
function networksOf(
  { name, type: typeName }: MachineDescription,
  { networks = {} }: FactoryDescription,
  types: readonly MachineType[],
): readonly string[] {
  const type = types.find((each) => each.type === typeName);
  return (Object.keys(networks) as NetworkName[]).filter(
    (network) =>
      type?.supply?.network === network ||
      type?.uses?.[network] !== undefined ||
      networks[network]?.consumers?.[name] !== undefined,
  );
}
