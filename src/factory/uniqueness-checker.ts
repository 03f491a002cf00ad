import { FLEET_MACHINES_MAX } from '../core/factory.ts';
import { type Place, shown } from '../schema/diagnostics.ts';

/** Checks that names, ids and topics are unique in a file, and limits the number of machines. */
export class UniquenessChecker {
  readonly #places = new Map<string, Place>();
  #machines = 0;

  /**
   * Claims a value for one owner. Returns false, with an error, if another owner has it.
   *
   * @param what - What the value is, for messages: `id`.
   * @param among - The group in which it must be unique: `machines`.
   * @param place - The value's place or, if it is derived, that of its source.
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
   * Counts machines before they are created.
   *
   * @param place - Where to report that there are too many, if at all.
   */
  takeMachines(count: number, place: Place | undefined): void {
    if (this.isFull) return;
    this.#machines += count;
    if (this.isFull)
      place?.error(
        `results in ${this.#machines} machines; a file may have up to ${FLEET_MACHINES_MAX}`,
      );
  }

  /** Whether there are too many machines. Then only one of each count is read. */
  get isFull(): boolean {
    return this.#machines > FLEET_MACHINES_MAX;
  }
}
