import { FADE_S, type Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { Incidents } from '../simulation/incidents.ts';
import { CostCount } from '../simulation/truth.ts';

/** The cost of an anomaly inside a window. */
export interface Truth extends Incident {
  readonly excessEnergyKwh: number;
  readonly lostProductionUnits: number;
  /** Whether the machine has recovered inside the window, so that the cost is final. */
  readonly isFinal: boolean;
}

/** Longest effect of an anomaly after its end: RECOVERY_MAX_S of the simulation, and its fade. */
const AFTERMATH_S = 3 * 86_400 + FADE_S;

/**
 * The answer key of one machine: the anomalies that overlap a window, and earlier ones from which
 * the machine recovers only inside it. Costs are counted inside the window, so that their sum is
 * the difference between the dataset and its twin without anomalies.
 */
export function truthsOf(fleet: Fleet, machine: Machine, fromMs: number, toMs: number): Truth[] {
  const fromS = fromMs / 1000;
  const toS = toMs / 1000;
  const incidents = new Incidents(machine, fleet.journal).between(fromS - AFTERMATH_S, toS);
  return incidents.flatMap((incident) => {
    const count = new CostCount(fleet, incident);
    countUntil(count, incident, fromS);
    const before = count.cost;
    if (incident.endS <= fromS && before.hasRecovered) return [];
    countUntil(count, incident, toS);
    const { excessEnergyKwh: energyKwh, lostProductionUnits: units, hasRecovered } = count.cost;
    const excessEnergyKwh = Math.round((energyKwh - before.excessEnergyKwh) * 1e6) / 1e6;
    const lostProductionUnits = units - before.lostProductionUnits;
    if (incident.endS <= fromS && excessEnergyKwh === 0 && lostProductionUnits === 0) return [];
    return { ...incident, excessEnergyKwh, lostProductionUnits, isFinal: hasRecovered };
  });
}

function countUntil(count: CostCount, incident: Incident, untilS: number): void {
  count.advance(incident, untilS, Number.POSITIVE_INFINITY);
}
