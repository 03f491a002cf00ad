/** A span of simulated time that a sink has not been given, as it lay too far back. */
export interface Gap {
  readonly sink: string;
  readonly fromMs: number;
  readonly toMs: number;
}
