/** How an anomaly builds up; every anomaly fades within {@link FADE_S} of its end. */
export type Onset = 'step' | 'ramp';

/** Accepted severities, and the default. */
export const SEVERITY = { min: 1, max: 5, default: 1.5 } as const;

/** Accepted durations [s]: ten seconds to thirty days. */
export const DURATION_S = { min: 10, max: 30 * 86_400, default: 300 } as const;

/** How a fault grows to its full intensity. */
type Curve = 'linear' | 'smooth' | 'exponential' | 'steps';

/** How a fault of a story grows and fades. */
export interface Growth {
  /** Time from its begin to full intensity [s]; without it, the usual onset. */
  readonly rampS?: number;
  /** Shape of the ramp. */
  readonly curve: Curve;
  /** Time in which it fades before its planned end [s]; without it, the usual end. */
  readonly fadeS?: number;
}

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
  /** The scenario and the event in it, for an anomaly of a story. */
  readonly story?: { readonly scenario: string; readonly event: string };
  /** How it grows and fades, unless as its type usually does. */
  readonly growth?: Growth;
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
  const { startS, endS, growth, severity, plannedEndS } = incident;
  if (tS <= startS || tS >= endS + FADE_S) return 0;
  const actingS = Math.min(tS, endS);
  const usualS =
    onset === 'step' ? STEP_S : Math.min(RAMP_SHARE * (plannedEndS - startS), RAMP_MAX_S);
  const risen = growth
    ? grown(growth, startS, plannedEndS, actingS, usualS)
    : Math.min(1, (actingS - startS) / usualS);
  const faded = tS > endS ? 1 - (tS - endS) / FADE_S : 1;
  return (severity / SEVERITY.max) * risen * faded;
}

/**
 * Steps of a ramp of any length: parameters are derived anew at each step and at no other time.
 */
const STEPS = 1024;

/**
 * How far a fault has grown at an instant within [a, b], 0 to 1, in steps of 1/1024:
 *
 *     r = min(1, (t − a) / ramp),  f = min(1, (b − t) / fade),  e = ⌊1024 · min(c(r), f)⌋ / 1024
 *
 * @param usualS - Length of the linear ramp of a fault without one of its own.
 */
export function grown(
  { rampS = 0, curve, fadeS = 0 }: Growth,
  beginS: number,
  endS: number,
  tS: number,
  usualS: number,
): number {
  const lengthS = rampS > 0 ? rampS : usualS;
  const r = lengthS > 0 ? Math.min(1, (tS - beginS) / lengthS) : 1;
  const f = fadeS > 0 ? Math.max(0, Math.min(1, (endS - tS) / fadeS)) : 1;
  const c = rampS > 0 ? shapes[curve](r) : r;
  return Math.floor(STEPS * Math.min(c, f)) / STEPS;
}

const shapes: Readonly<Record<Curve, (r: number) => number>> = {
  linear: (r) => r,
  smooth: (r) => r * r * (3 - 2 * r),
  exponential: (r) => (Math.exp(4 * r) - 1) / (Math.exp(4) - 1),
  steps: (r) => Math.floor(10 * r) / 10,
};
