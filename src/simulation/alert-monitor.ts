import type { Alert, Values } from '../core/machine.ts';

/** An alert ends when its signal has not been beyond its threshold for so long [s]. */
export const ALERT_HOLD_S = 600;

/** A controller looks at its signals once in so long [ms]. */
const SCAN_MS = 10_000;

/** Whether a controller looks at a machine's reading of that number: the first of a scan. */
export function isScanned(reading: number, intervalMs: number): boolean {
  const scan = Math.floor((reading * intervalMs) / SCAN_MS);
  return scan !== Math.floor(((reading - 1) * intervalMs) / SCAN_MS);
}

/**
 * A machine's controller, watching for what it has to warn of.
 *
 * An alert begins when its signal passes a threshold. It ends when the signal has come back by the
 * alert's band, or has not passed the threshold for {@link ALERT_HOLD_S}. So a signal that stays
 * near a threshold does not make it flap, and nothing older than that time matters.
 */
export class AlertMonitor {
  readonly #alerts: readonly Alert[];
  /** Each alert's thresholds and band, turned so that it warns of what is above. */
  readonly #limits: Float64Array;
  /** When each of its two thresholds was last passed; −∞ where that alert has ended. */
  readonly #timesS: Float64Array;
  #levels = 0;

  constructor(alerts: readonly Alert[]) {
    this.#alerts = alerts;
    this.#limits = limitsOf(alerts);
    this.#timesS = new Float64Array(2 * alerts.length).fill(Number.NEGATIVE_INFINITY);
  }

  /** Forgets everything. */
  reset(): void {
    this.#levels = 0;
    this.#timesS.fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Looks at a reading.
   *
   * @returns Two bits an alert, in the order of the type's `alertCodes`: 0 none, 1 warning, 2
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
      // Nearly always there is nothing to warn of.
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

/** Limits of a type's alerts, which all its machines share. */
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

/** Whether an alert is on whose signal is so far beyond its threshold now. */
function isOn(timesS: Float64Array, at: number, beyond: number, band: number, tS: number): boolean {
  if (beyond > 0) timesS[at] = tS;
  // Written so that a signal that is not looked at changes nothing.
  else if (beyond < -band || tS - (timesS[at] as number) >= ALERT_HOLD_S) timesS[at] = -Infinity;
  return timesS[at] !== -Infinity;
}
