import { FLEET_MACHINES_MAX } from '../core/factory.ts';
import { type Diagnostics, type Path, shown } from '../schema/diagnostics.ts';

/** What must not occur twice in a file, and how much of it there may be. */
export class UniquenessChecker {
  readonly #diagnostics: Diagnostics;
  readonly #paths = new Map<string, Path>();
  #machines = 0;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  /**
   * Takes a value that nothing else may have; false where something has it.
   *
   * @param what - What the value is, as a person says it: `id`.
   * @param among - All of which it may be only one's: `machines`.
   * @param path - Of the value or, where it is derived, of what it is derived from.
   */
  take(what: string, among: string, value: string, path: Path): boolean {
    const key = [what, among, value].join('\0');
    const first = this.#paths.get(key);
    if (!first) {
      this.#paths.set(key, path);
      return true;
    }
    const owner = first.slice(0, -1).join('.');
    this.#diagnostics.error(path, `${shown(value)} is already the ${what} of ${owner}`);
    return false;
  }

  /**
   * Takes so many machines, before any of them is made.
   *
   * @param path - Where it is said that they are too many; nowhere, if not given.
   */
  takeMachines(count: number, path: Path | undefined): void {
    if (this.isFull) return;
    this.#machines += count;
    if (!this.isFull || !path) return;
    this.#diagnostics.error(
      path,
      `makes ${this.#machines} machines; up to ${FLEET_MACHINES_MAX} in a file`,
    );
  }

  /** Whether there are more machines than a file may make: then one of each count is looked at. */
  get isFull(): boolean {
    return this.#machines > FLEET_MACHINES_MAX;
  }
}
