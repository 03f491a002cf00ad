import type { Alert, Values } from '../core/machine.ts';

/** An alert ends once its signal has not been beyond the threshold for this long [s]. */
export const ALERT_HOLD_S = 600;

/** Scan interval of a controller [ms]. */
const SCAN_MS = 10_000;

/** Whether the controller evaluates the reading with this number: the first of a scan. */
export function isScanned(reading: number, intervalMs: number): boolean {
  const scan = Math.floor((reading * intervalMs) / SCAN_MS);
  return scan !== Math.floor(((reading - 1) * intervalMs) / SCAN_MS);
}

/**
 * The alerts of a machine's controller.
 *
 * An alert begins when its signal passes a threshold. It ends when the signal has returned by the
 * alert's band, or has not passed the threshold for {@link ALERT_HOLD_S}. So a signal that stays
 * near a threshold does not make the alert flap, and nothing older than that time matters.
 */
export class AlertMonitor {
  readonly #alerts: readonly Alert[];
  /** Thresholds and band of each alert, with signs such that it always warns above them. */
  readonly #limits: Float64Array;
  /** When each of its two thresholds was last passed; −∞ once that alert has ended. */
  readonly #timesS: Float64Array;
  #levels = 0;

  constructor(alerts: readonly Alert[]) {
    this.#alerts = alerts;
    this.#limits = limitsOf(alerts);
    this.#timesS = new Float64Array(2 * alerts.length).fill(Number.NEGATIVE_INFINITY);
  }

  /** Clears all alerts. */
  reset(): void {
    this.#levels = 0;
    this.#timesS.fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Evaluates a reading.
   *
   * @returns Two bits per alert, in the order of the type's `alertCodes`: 0 none, 1 warning, 2
   *   critical.
   */
  evaluate(
    state: Readonly<Values<string>>,
    parameters: Readonly<Values<string>>,
    tS: number,
  ): number {
    const alerts = this.#alerts;
    const limits = this.#limits;
    for (let i = 0; i < alerts.length; i++) {
      const at = 4 * i;
      const value = (alerts[i] as Alert).value(state, parameters) * (limits[at] as number);
      // The fast path: nearly always there is nothing to warn of.
      if (!(value > (limits[at + 1] as number)) && ((this.#levels >>> (2 * i)) & 3) === 0) continue;
      this.#updateLevel(i, value, tS);
    }
    return this.#levels;
  }

  #updateLevel(i: number, value: number, tS: number): void {
    const at = 4 * i;
    const [, warning = 0, critical = 0, band = 0] = this.#limits.subarray(at, at + 4);
    const isWarning = isOn(this.#timesS, 2 * i, value - warning, band, tS);
    const isCritical = isOn(this.#timesS, 2 * i + 1, value - critical, band, tS);
    const level = isCritical ? 2 : isWarning ? 1 : 0;
    this.#levels = ((this.#levels & ~(3 << (2 * i))) | (level << (2 * i))) >>> 0;
  }
}

/** Limits by the list of alerts, which all machines of a type share. */
const LIMITS = new WeakMap<readonly Alert[], Float64Array>();

function limitsOf(alerts: readonly Alert[]): Float64Array {
  let limits = LIMITS.get(alerts);
  if (!limits) {
    limits = Float64Array.from(
      alerts.flatMap(({ limits: [warning, critical], band }) =>
        critical < warning ? [-1, -warning, -critical, band] : [1, warning, critical, band],
      ),
    );
    LIMITS.set(alerts, limits);
  }
  return limits;
}

/**
 * Updates an alert, given how far its signal is beyond the threshold, and returns whether it is
 * on.
 */
function isOn(timesS: Float64Array, at: number, beyond: number, band: number, tS: number): boolean {
  if (beyond > 0) timesS[at] = tS;
  // Both comparisons are false for NaN: a signal that is not evaluated only lets the hold time
  // run.
  else if (beyond < -band || tS - (timesS[at] as number) >= ALERT_HOLD_S) timesS[at] = -Infinity;
  return timesS[at] !== -Infinity;
}
