/** How an anomaly grows once it has begun; it always fades within {@link FADE_S} after its end. */
export type Onset = 'step' | 'ramp';

/** Severities that may be asked for, and the one that is taken when none is. */
export const SEVERITY = { min: 1, max: 5, default: 1.5 } as const;

/** Durations that may be asked for [s]: ten seconds to thirty days. */
export const DURATION_S = { min: 10, max: 30 * 86_400, default: 300 } as const;

/** Where an anomaly came from. */
export type Origin = 'injected' | 'random' | 'scenario';

/** An anomaly on one machine for a span of time. */
export interface Incident {
  readonly id: string;
  readonly machineId: string;
  /** Name of one of the machine type's faults. */
  readonly type: string;
  readonly origin: Origin;
  /** {@link SEVERITY}. */
  readonly severity: number;
  readonly startS: number;
  /** When it was planned to end [s]; the ramp is a share of the planned duration. */
  readonly plannedEndS: number;
  /** When it ended or will end [s]: the planned end unless something cleared it. */
  readonly endS: number;
  /** What ended it before its time, if anything did. */
  readonly clearedBy: 'request' | 'superseded' | null;
}

/** A `step` takes this long to full intensity. */
const STEP_S = 2;
/** A `ramp` takes this share of its duration, and this long at most. */
const RAMP_SHARE = 0.4;
const RAMP_MAX_S = 600;
/** After its end an anomaly fades for this long. */
export const FADE_S = 10;

/**
 * How strongly an anomaly acts at an instant: 0 not at all, 1 at severity 5 and full growth.
 *
 *     X = (severity / 5) · e(t)
 */
export function intensity(incident: Incident, onset: Onset, tS: number): number {
  const { startS, endS } = incident;
  if (tS <= startS || tS >= endS + FADE_S) return 0;
  const riseS =
    onset === 'step' ? STEP_S : Math.min(RAMP_SHARE * (incident.plannedEndS - startS), RAMP_MAX_S);
  const risen = Math.min(1, (Math.min(tS, endS) - startS) / riseS);
  const faded = tS > endS ? 1 - (tS - endS) / FADE_S : 1;
  return (incident.severity / SEVERITY.max) * risen * faded;
}
