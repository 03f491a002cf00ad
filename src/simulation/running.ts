import type { Machine } from '../core/factory.ts';
import type { Journal, RunningChange } from '../core/journal.ts';
import { lastOf } from './boundaries.ts';

/** A start or stop of a machine. */
export interface Switch extends RunningChange {
  /** Whether it is another machine from here on, which remembers nothing. */
  readonly isNew?: boolean;
}

const WEEK_S = 7 * 86_400;
/** Events begin and end at whole seconds; this is just before one. */
const BEFORE_S = 0.0005;

/**
 * When a machine runs: while it is there, and neither the journal nor a story has it stand. A
 * switch takes effect before the reading of its own instant.
 */
export class Running {
  readonly #machine: Machine;
  readonly #journal: Journal;

  constructor(machine: Machine, journal: Journal) {
    this.#machine = machine;
    this.#journal = journal;
  }

  /** Whether the machine belongs to the factory. */
  isThere(tS: number): boolean {
    return this.#machine.story?.presence?.at(tS).isThere ?? true;
  }

  isRunning(tS: number): boolean {
    const { id, story } = this.#machine;
    const told = story?.presence?.at(tS);
    if (told && (!told.isThere || told.isStopped)) return false;
    return this.#journal.isRunning(id, tS);
  }

  /** The latest switch at or before an instant. */
  last(tS: number): Switch | undefined {
    const { id, story } = this.#machine;
    if (!story?.presence)
      return this.#journal.runningChanges(id).findLast(({ timeS }) => timeS <= tS);
    return lastOf(tS, (fromS, toS) => this.between(fromS, toS).at(-1));
  }

  /** The latest switch before an instant. */
  before(tS: number): Switch | undefined {
    return this.last(tS - BEFORE_S);
  }

  /** The switches within (`fromS`, `toS`], in order. */
  between(fromS: number, toS: number): readonly Switch[] {
    const { id, story } = this.#machine;
    const changes = this.#journal.runningChanges(id);
    const presence = story?.presence;
    if (!presence && changes.length === 0) return NONE;
    const isWithin = ({ timeS }: RunningChange) => timeS > fromS && timeS <= toS;
    if (!presence) return changes.filter(isWithin);
    const times = new Set(changes.filter(isWithin).map(({ timeS }) => timeS));
    for (const tS of presence.boundaries(fromS, toS)) times.add(tS);
    return [...times]
      .sort((a, b) => a - b)
      .flatMap((timeS) => {
        const isRunning = this.isRunning(timeS);
        const [before, after] = [presence.at(timeS - BEFORE_S), presence.at(timeS)];
        const isNew = after.isThere && (!before.isThere || before.type !== after.type);
        const isSame = this.isRunning(timeS - BEFORE_S) === isRunning;
        return isSame && !(isRunning && isNew) ? [] : [{ timeS, isRunning, isNew }];
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
