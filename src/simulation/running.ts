import type { Machine } from '../core/factory.ts';
import type { Journal, RunningChange } from '../core/journal.ts';
import { lastOf } from './boundaries.ts';

/** A start or stop of a machine. */
export interface Switch extends RunningChange {
  /** Whether it is another machine from here on, which remembers nothing. */
  readonly isNew?: boolean;
  /** Its position, see {@link Running}; that of its time if not given. */
  readonly atS?: number;
}

/** The position of a switch, see {@link Running}. */
export function positionOf({ timeS, atS = timeS }: Switch): number {
  return atS;
}

const WEEK_S = 7 * 86_400;
/** From a reading to what stories do at its instant. */
export const AFTER_S = 0.0002;
/** Positions differ by more than this. */
const JUST_S = 0.0001;

/**
 * When a machine runs: while it is there, and neither the journal nor a story has it stand.
 *
 * What the journal does at an instant comes before the reading of that instant, and what stories do
 * comes after it. So positions order everything: that of the journal and the reading is the instant
 * [s], and that of stories is {@link AFTER_S} later.
 */
export class Running {
  readonly #machine: Machine;
  readonly #journal: Journal;

  constructor(machine: Machine, journal: Journal) {
    this.#machine = machine;
    this.#journal = journal;
  }

  /** Whether the machine belongs to the factory at a position. */
  isThere(atS: number): boolean {
    return this.#machine.story?.presence?.at(atS - AFTER_S).isThere ?? true;
  }

  /** Whether it runs at a position. */
  isRunning(atS: number): boolean {
    const { id, story } = this.#machine;
    const told = story?.presence?.at(atS - AFTER_S);
    if (told && (!told.isThere || told.isStopped)) return false;
    return this.#journal.isRunning(id, atS);
  }

  /** The latest switch at or before a position. */
  last(atS: number): Switch | undefined {
    const { id, story } = this.#machine;
    if (!story?.presence)
      return this.#journal.runningChanges(id).findLast(({ timeS }) => timeS <= atS);
    return lastOf(atS, (from, to) => this.between(from, to).at(-1));
  }

  /** The latest switch before another one. */
  before(next: Switch): Switch | undefined {
    return this.last(positionOf(next) - JUST_S);
  }

  /** The switches after a position, up to and including another, in order. */
  between(fromS: number, toS: number): readonly Switch[] {
    const { id, story } = this.#machine;
    const changes = this.#journal.runningChanges(id);
    const presence = story?.presence;
    if (!presence && changes.length === 0) return NONE;
    const isWithin = ({ timeS }: RunningChange) => timeS > fromS && timeS <= toS;
    if (!presence) return changes.filter(isWithin);
    const times = [
      ...changes.filter(isWithin).map(({ timeS }) => ({ timeS, atS: timeS })),
      ...presence
        .boundaries(fromS - AFTER_S, toS - AFTER_S)
        .map((timeS) => ({ timeS, atS: timeS + AFTER_S })),
    ];
    return times
      .sort((a, b) => a.atS - b.atS)
      .flatMap(({ timeS, atS }) => {
        const isRunning = this.isRunning(atS);
        const [before, after] = [atS - JUST_S, atS].map((each) => presence.at(each - AFTER_S));
        const isNew = after?.isThere && (!before?.isThere || before.type !== after.type);
        const isSame = this.isRunning(atS - JUST_S) === isRunning;
        return isSame && !(isRunning && isNew)
          ? []
          : [{ timeS, isRunning, isNew: isNew === true, atS }];
      });
  }

  /** When a story may switch it next; at most a week later, where one has to ask again. */
  nextOfStoriesS(tS: number): number {
    const { presence } = this.#machine.story ?? {};
    if (!presence) return Number.POSITIVE_INFINITY;
    return presence.boundaries(tS, tS + WEEK_S)[0] ?? tS + WEEK_S;
  }
}

const NONE: readonly Switch[] = [];
