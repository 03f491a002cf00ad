import type { Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import { IDLE, OFFLINE, OPERATING_MODES } from '../core/field.ts';
import type { Journal } from '../core/journal.ts';
import { Incidents } from '../simulation/incidents.ts';
import { Running } from '../simulation/running.ts';
import type { DaySums } from './daily-totals.ts';
import type { Observation } from './observer.ts';

/** An alert raised by a machine's controller. */
export interface RaisedAlert {
  readonly code: string;
  readonly level: 'warning' | 'critical';
  readonly message: string;
}

/** The current state of a machine: commands, last reading and totals. */
export interface MachineState {
  readonly machine: Machine;
  readonly isRunning: boolean;
  readonly operatingMode: (typeof OPERATING_MODES)[number];
  readonly powerKw: number;
  readonly alerts: readonly RaisedAlert[];
  /** The anomalies that act on it, oldest first. */
  readonly incidents: readonly Incident[];
  /** Time of its last reading [ms]; NaN before the first. */
  readonly readingMs: number;
  readonly readings: number;
  readonly energyKwh: number;
  readonly productionCount: number;
  readonly today: DaySums;
}

/**
 * Combines what the journal says about a machine at second `tS` with its last observation. The
 * journal takes precedence, so that a command shows before the next reading does.
 */
export function machineState(
  machine: Machine,
  seen: Observation,
  today: DaySums,
  journal: Journal,
  tS: number,
): MachineState {
  const isRunning = new Running(machine, journal).isRunning(tS);
  const mode = isRunning ? (seen.mode === OFFLINE ? IDLE : seen.mode) : OFFLINE;
  const mayBeDisturbed =
    seen.faults !== 0 ||
    machine.scenario.length > 0 ||
    machine.story !== undefined ||
    journal.injections(machine.id).length > 0;
  return {
    machine,
    isRunning,
    operatingMode: OPERATING_MODES[mode] as (typeof OPERATING_MODES)[number],
    powerKw: isRunning ? seen.powerKw : 0,
    alerts: isRunning && seen.alerts !== 0 ? raisedAlerts(machine, seen.alerts) : [],
    incidents: mayBeDisturbed ? activeIncidents(machine, journal, tS) : [],
    readingMs: seen.timeMs,
    readings: seen.readings,
    energyKwh: seen.energyKwh,
    productionCount: seen.productionCount,
    today,
  };
}

/** The anomalies that act on a machine at second `tS`, oldest first. */
export function activeIncidents(machine: Machine, journal: Journal, tS: number): Incident[] {
  return new Incidents(machine, journal).between(tS, tS + 1).filter(({ startS }) => startS <= tS);
}

/** Unpacks the alerts of a reading. */
function raisedAlerts({ type }: Machine, levels: number): RaisedAlert[] {
  const raised: RaisedAlert[] = [];
  for (const [i, code] of type.alertCodes.entries()) {
    const level = (levels >>> (2 * i)) & 3;
    if (level === 0) continue;
    const message = type.alertList[i]?.message ?? code;
    raised.push({ code, level: level === 1 ? 'warning' : 'critical', message });
  }
  return raised;
}
