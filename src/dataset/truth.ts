import { FADE_S, type Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { timeText } from '../encoding/time.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { Incidents } from '../simulation/incidents.ts';
import { CostCount } from '../simulation/truth.ts';
import type { RecordTable } from './formats/format.ts';

/** What an anomaly cost inside a window. */
export interface Truth extends Incident {
  readonly excessEnergyKwh: number;
  readonly lostProductionUnits: number;
  /** Whether the machine has recovered inside the window, so that nothing more will come. */
  readonly isFinal: boolean;
}

/** An anomaly that ended before the window may act in it for so long: RECOVERY_MAX_S of truth. */
const AFTERMATH_S = 3 * 86_400 + FADE_S;

/**
 * The answer key of one machine: the anomalies that touch a window, and those before it from which
 * the machine recovers only inside it. What they cost is counted inside the window, so that the
 * sum is the difference of the dataset and its twin without anomalies.
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

/** The answer key as a table, oldest first. */
export function anomaliesTable(truths: readonly Truth[], fleet: Fleet): RecordTable {
  const ordered = truths.toSorted((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
  return {
    name: 'anomalies',
    columns: [
      { name: 'id', kind: 'text' },
      { name: 'machine_id', kind: 'text' },
      { name: 'anomaly_type', kind: 'text' },
      { name: 'origin', kind: 'text' },
      { name: 'severity', kind: 'number' },
      { name: 'onset', kind: 'text' },
      { name: 'started_at', kind: 'time' },
      { name: 'ended_at', kind: 'time' },
      { name: 'cleared_by', kind: 'text' },
      { name: 'affected_signals', kind: 'text' },
      { name: 'excess_energy_kwh', kind: 'number' },
      { name: 'lost_production_units', kind: 'whole' },
      { name: 'is_final', kind: 'whole' },
    ],
    rows: ordered.map((truth) => {
      const fault = fleet.byId.get(truth.machineId)?.type.faults[truth.type];
      return [
        truth.id,
        truth.machineId,
        truth.type,
        truth.origin,
        truth.severity,
        fault?.onset ?? null,
        timeText(1000 * truth.startS),
        timeText(1000 * truth.endS),
        truth.clearedBy,
        (fault?.signals ?? []).map(wireName).join(';'),
        truth.excessEnergyKwh,
        truth.lostProductionUnits,
        truth.isFinal ? 1 : 0,
      ];
    }),
  };
}
