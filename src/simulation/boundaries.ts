import type { StoryEvent } from '../core/story.ts';

const WEEK_S = 7 * 86_400;
/** Each span that is searched is so many times longer than the one before it. */
const GROWTH = 8;

/** The instants at which occurrences of some events begin and end. */
export class Boundaries {
  readonly #events: readonly StoryEvent[];

  constructor(events: readonly StoryEvent[]) {
    this.#events = events;
  }

  /** Those within (`fromS`, `toS`], in order, each once. */
  within(fromS: number, toS: number): readonly number[] {
    const found = new Set<number>();
    // An occurrence that begins at `toS` overlaps only what follows it.
    for (const event of this.#events)
      for (const { beginS, endS } of event.between(fromS, toS + 1))
        for (const tS of [beginS, endS]) if (tS > fromS && tS <= toS) found.add(tS);
    return [...found].sort((a, b) => a - b);
  }

  /** The latest at or before an instant; −∞ if there is none. */
  last(tS: number): number {
    return lastOf(tS, (fromS, toS) => this.within(fromS, toS).at(-1)) ?? Number.NEGATIVE_INFINITY;
  }

  /** The first after an instant; at most a week later, where one may have to ask again. */
  next(tS: number): number {
    return this.within(tS, tS + WEEK_S)[0] ?? tS + WEEK_S;
  }
}

/**
 * The last of something at or before an instant, searched for backwards until 1970.
 *
 * @param lastIn - The last within (`fromS`, `toS`].
 */
export function lastOf<T>(
  tS: number,
  lastIn: (fromS: number, toS: number) => T | undefined,
): T | undefined {
  for (let toS = tS, spanS = WEEK_S; toS > 0; spanS *= GROWTH) {
    const found = lastIn(toS - spanS, toS);
    if (found !== undefined) return found;
    toS -= spanS;
  }
  return undefined;
}
