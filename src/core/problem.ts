/** What currently keeps a component from working; `/health` lists these. */
export interface Problem {
  /** The component: `mqtt`, `postgres`, `store`, `clock`. */
  readonly part: string;
  /** The reason, as in the log; never contains a secret. */
  readonly reason: string;
  /** When it began [ms since the epoch, real time]. */
  readonly sinceMs: number;
}
