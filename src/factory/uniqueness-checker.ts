import { FLEET_MACHINES_MAX } from '../core/factory.ts';
import { type Place, shown } from '../schema/diagnostics.ts';

/** What must not occur twice in a file, and how much of it there may be. */
export class UniquenessChecker {
  readonly #places = new Map<string, Place>();
  #machines = 0;

  /**
   * Takes a value that only one thing may have; false, with an error, where another has it.
   *
   * @param what - What the value is, as a person says it: `id`.
   * @param among - All of which it may be only one's: `machines`.
   * @param place - Of the value or, where it is derived, of what it is derived from.
   */
  take(what: string, among: string, value: string, place: Place): boolean {
    const key = [what, among, value].join('\0');
    const first = this.#places.get(key);
    if (!first) {
      this.#places.set(key, place);
      return true;
    }
    const owner = first.path.slice(0, -1).join('.');
    place.error(`${shown(value)} is already the ${what} of ${owner}`);
    return false;
  }

  /**
   * Counts machines, before any of them is made.
   *
   * @param place - Where an excess is reported; nowhere, if not given.
   */
  takeMachines(count: number, place: Place | undefined): void {
    if (this.isFull) return;
    this.#machines += count;
    if (this.isFull)
      place?.error(`makes ${this.#machines} machines; up to ${FLEET_MACHINES_MAX} in a file`);
  }

  /** Whether there are more machines than a file may make: then one of each count is read. */
  get isFull(): boolean {
    return this.#machines > FLEET_MACHINES_MAX;
  }
}
