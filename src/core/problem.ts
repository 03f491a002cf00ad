/** What keeps a part from doing its work, for as long as it does: `/health` lists these. */
export interface Problem {
  /** The part: `mqtt`, `postgres`, `store`, `clock`. */
  readonly part: string;
  /** Why, as the log says it; never a secret. */
  readonly reason: string;
  /** Since when [ms since the epoch, real time]. */
  readonly sinceMs: number;
}
