/** How an anomaly builds up; every anomaly fades within {@link FADE_S} of its end. */
export type Onset = 'step' | 'ramp';

/** Accepted severities, and the default. */
export const SEVERITY = { min: 1, max: 5, default: 1.5 } as const;

/** Accepted durations [s]: ten seconds to thirty days. */
export const DURATION_S = { min: 10, max: 30 * 86_400, default: 300 } as const;

/** What caused an anomaly. */
export type Origin = 'injected' | 'random' | 'scenario';

/** An anomaly on one machine, from start to end. */
export interface Incident {
  readonly id: string;
  readonly machineId: string;
  /** Name of one of the faults of the machine type. */
  readonly type: string;
  readonly origin: Origin;
  /** Within {@link SEVERITY}. */
  readonly severity: number;
  readonly startS: number;
  /** The planned end [s]; the length of a ramp is a share of the planned duration. */
  readonly plannedEndS: number;
  /** The actual end [s]: the planned end unless the anomaly was cleared earlier. */
  readonly endS: number;
  /** Why it ended early; null if it did not. */
  readonly clearedBy: 'request' | 'superseded' | null;
}

/** An anomaly with the end that was planned. */
export function lasting(
  durationS: number,
  incident: Omit<Incident, 'plannedEndS' | 'endS' | 'clearedBy'>,
): Incident {
  const plannedEndS = incident.startS + durationS;
  return { ...incident, plannedEndS, endS: plannedEndS, clearedBy: null };
}

/** Time a `step` needs to reach full intensity. */
const STEP_S = 2;
/**
 * Share of its duration that a `ramp` needs to reach full intensity, and the longest it may take.
 */
const RAMP_SHARE = 0.4;
const RAMP_MAX_S = 600;
/** Time an anomaly takes to fade after its end. */
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
