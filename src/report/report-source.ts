import type { Batch } from '../core/batch.ts';
import type { MachineType } from '../core/machine.ts';
import type { SimulatedTwin } from './close-up.ts';

/** A factory that a report is about. */
export interface ReportedFactory {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly timeZone: string;
}

/** A machine that a report is about. */
export interface ReportedMachine {
  readonly id: string;
  readonly name: string;
  readonly factoryId: string;
  readonly type: MachineType;
  readonly ratedPowerKw: number;
  readonly intervalMs: number;
}

/** An anomaly that was active in the window, with its cost within the window. */
export interface ReportedAnomaly {
  readonly machineId: string;
  /** `seal_leak`. */
  readonly type: string;
  readonly origin: string;
  /** 1 to 5. */
  readonly severity: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly excessEnergyKwh: number;
  readonly lostProductionUnits: number;
}

/** Some rows of a source, in columns like those of a {@link Batch}. */
export interface SourceRows extends Pick<Batch, 'length' | 'timesMs' | 'flags' | 'values'> {
  readonly machines: readonly Pick<ReportedMachine, 'id'>[];
  /** The channel whose values they have; undefined: all channels of their machines. */
  readonly channel?: string;
}

/** What a report is about, and where its readings come from. */
export interface ReportSource {
  /** Where the readings come from, in a sentence for the head of the report. */
  readonly provenance: string;
  /** The window includes readings with `fromMs` < time ≤ `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Undefined if it is secret. */
  readonly seed?: number;
  readonly factories: readonly ReportedFactory[];
  /** In the order of the factories. */
  readonly machines: readonly ReportedMachine[];
  /** Oldest first. */
  readonly anomalies: readonly ReportedAnomaly[];
  /** The twin for finer simulation of the machines, or the reason why there is none. */
  readonly twin: SimulatedTwin | string;
  /** The number of readings in all. */
  readonly allRows: number;
  /** The readings, those of a machine's channel in order of time; take them before the next. */
  rows(): Iterable<SourceRows> | AsyncIterable<SourceRows>;
}
