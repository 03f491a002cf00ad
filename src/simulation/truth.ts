import { FADE_S, type Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH, takenMilliwattHours } from '../core/machine.ts';
import { Cursor, isSame } from './cursor.ts';
import type { Fleet } from './fleet.ts';

/** The cost of an anomaly, relative to the same machine, seed and disturbances without it. */
export interface Cost {
  /**
   * Energy used beyond the counterfactual's, as metered, of all carriers [kWh]; negative if less
   * was used.
   */
  readonly excessEnergyKwh: number;
  /** Good units that the counterfactual made and this machine did not. */
  readonly lostProductionUnits: number;
  /** Counted up to here [s]: the machine has recovered, or the limit was reached. */
  readonly countedUntilS: number;
  /** Whether the machine is back in exactly the state it would have without the anomaly. */
  readonly hasRecovered: boolean;
  /** Whether the count is final: the machine has recovered, or the limit was reached. */
  readonly isFinal: boolean;
}

/** No machine remembers an anomaly for longer: the slowest temperature forgets in two days. */
const RECOVERY_MAX_S = 3 * 86_400;

/**
 * Counts what an anomaly costs. Reads its machine twice, with the anomaly and without, from the
 * start of the anomaly until both are in the same state again, and adds up the difference between
 * the published values.
 */
export class CostCount {
  readonly #machine: Machine;
  readonly #actual: Cursor;
  readonly #healthy: Cursor;
  readonly #row = new Float64Array(ROW_WIDTH);
  readonly #goodColumn: number;
  #tS: number;
  #energyKwh = 0;
  #actualMwh = 0;
  #healthyMwh = 0;
  #units = 0;
  #hasRecovered = false;
  #isFinal = false;

  /** @throws RangeError if the fleet does not have the machine of the anomaly. */
  constructor(fleet: Fleet, incident: Incident) {
    const machine = fleet.byId.get(incident.machineId);
    if (!machine) throw new RangeError(`no machine ${incident.machineId}`);
    this.#machine = machine;
    this.#actual = new Cursor(machine, fleet.journal);
    this.#healthy = new Cursor(machine, fleet.journal, incident.id);
    const good = machine.type.fields.find(({ key }) => key === 'productionCountGood');
    this.#goodColumn = good?.column ?? -1;
    const intervalS = machine.intervalMs / 1000;
    this.#tS = Math.floor(incident.startS / intervalS) * intervalS;
    this.#actual.seek(this.#tS * 1000, this.#row);
    this.#healthy.seek(this.#tS * 1000, this.#row);
  }

  /**
   * Continues to `untilS`, or by at most `readingsMax` readings.
   *
   * @param incident - The anomaly with its end as known now.
   * @returns Whether nothing is left to count up to `untilS`.
   */
  advance(incident: Incident, untilS: number, readingsMax: number): boolean {
    const intervalS = this.#machine.intervalMs / 1000;
    const overS = incident.endS + FADE_S;
    const limitS = overS + RECOVERY_MAX_S;
    const lastS = Math.min(untilS, limitS);
    for (let reading = 0; reading < readingsMax; reading++) {
      this.#isFinal = this.#hasRecovered || this.#tS + intervalS > limitS;
      if (this.#isFinal || this.#tS + intervalS > lastS) return true;
      // Computed from the index, since a sum of fractional intervals drifts off the grid.
      this.#tS = Math.round(this.#tS / intervalS + 1) * intervalS;
      this.#count();
      this.#hasRecovered = this.#tS > overS && isSame(this.#actual.state, this.#healthy.state);
    }
    return false;
  }

  /** The cost so far. */
  get cost(): Cost {
    return {
      excessEnergyKwh: Math.round(this.#energyKwh * 1e6) / 1e6,
      lostProductionUnits: this.#units,
      countedUntilS: this.#tS,
      hasRecovered: this.#hasRecovered,
      isFinal: this.#isFinal,
    };
  }

  /** Energy so far, each reading in whole milliwatt-hours, so that parts add up exactly. */
  get milliwattHours(): { readonly actual: number; readonly healthy: number } {
    return { actual: this.#actualMwh, healthy: this.#healthyMwh };
  }

  #count(): void {
    const { type } = this.#machine;
    const good = this.#goodColumn;
    const row = this.#row;
    if (this.#actual.follow(this.#tS)) {
      this.#actual.read(this.#tS, row, 0);
      this.#energyKwh += type.energyTakenKwh(row, 0);
      this.#actualMwh += takenMilliwattHours(type, row, 0);
      this.#units -= row[good] as number;
    }
    if (this.#healthy.follow(this.#tS)) {
      this.#healthy.read(this.#tS, row, 0);
      this.#energyKwh -= type.energyTakenKwh(row, 0);
      this.#healthyMwh += takenMilliwattHours(type, row, 0);
      this.#units += row[good] as number;
    }
  }
}
