import { FADE_S, type Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { Incidents } from '../simulation/incidents.ts';

/** Time looked at in one go: a look-up costs some microseconds for each day [s]. */
const SPAN_S = 7 * 86_400;

/**
 * The anomalies of some machines, found a week at a time as a reader gets there, so that memory
 * does not grow with the window.
 */
export class KnownIncidents {
  readonly #incidents: readonly Incidents[];
  #known: readonly Incident[] = [];
  #fromS = Number.NaN;
  #toS = Number.NaN;

  constructor(machines: readonly Machine[], journal: Journal) {
    this.#incidents = machines.map((machine) => new Incidents(machine, journal));
  }

  /** The anomalies that overlap a span, oldest first, including the time in which they fade. */
  between(fromS: number, toS: number): readonly Incident[] {
    if (!(fromS >= this.#fromS && toS <= this.#toS)) {
      this.#fromS = fromS;
      this.#toS = toS + SPAN_S;
      this.#known = this.#incidents
        .flatMap((each) => each.between(fromS - FADE_S, toS + SPAN_S))
        .sort((a, b) => a.startS - b.startS);
    }
    return this.#known.filter(({ startS, endS }) => startS < toS && endS + FADE_S > fromS);
  }

  /** When the first anomaly begins at `fromS` or later; the end of what was looked at if none. */
  nextStartS(fromS: number): number {
    const next = this.between(fromS, fromS + SPAN_S).find(({ startS }) => startS >= fromS);
    return next?.startS ?? fromS + SPAN_S;
  }
}
