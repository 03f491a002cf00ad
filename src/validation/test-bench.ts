import { READING } from '../core/batch.ts';
import type { FactoryDescription, Machine, MachineDescription } from '../core/factory.ts';
import { Journal, type JournalEvent } from '../core/journal.ts';
import { type MachineType, ROW_WIDTH, type Values } from '../core/machine.ts';
import { FULL, Readings } from '../core/readings.ts';
import {
  type Experiment,
  type Extent,
  NotApplicable,
  type Pair,
  type SiteOverride,
  type TestBench,
} from '../core/realism.ts';
import { machineTypes } from '../machines/index.ts';
import { Cursor } from '../simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import { WHOLE } from './extent.ts';

/** Options of the test benches. */
export interface BenchOptions {
  readonly factories: readonly FactoryDescription[];
  readonly seed?: number;
  readonly extent?: Extent;
  /** Available machine types; a test breaks the physics of one by passing a changed copy. */
  readonly types?: readonly MachineType[];
  /** Changes every site. */
  readonly site?: SiteOverride;
}

/** A machine under observation, with its factory. */
interface SampleMachine {
  readonly factory: FactoryDescription;
  readonly machine: MachineDescription;
}

const HOUR_S = 3600;
const DAY_S = 86_400;
/** Time from the start of an anomaly until it is fully grown and temperatures have followed. */
const TRANSIENT_S = 1200;

const asItIs: SiteOverride = (site) => site;

/** Creates a bench for one machine of each type that measures for itself. */
export function testBenches(options: BenchOptions): readonly SimulatedBench[] {
  const { factories, types = machineTypes } = options;
  return types.flatMap((type) => {
    // A main meter only adds up other machines.
    const sample = type.isMainMeter ? undefined : sampleOf(type, factories);
    return sample ? [new SimulatedBench(sample, options)] : [];
  });
}

/** The first machine of a type; if there is none, one of default size in the first factory. */
function sampleOf(
  { type, parameters, intervalS }: MachineType,
  factories: readonly FactoryDescription[],
): SampleMachine | undefined {
  for (const factory of factories) {
    const machine = factory.machines.find((each) => each.type === type);
    if (machine) return { factory, machine };
  }
  const [factory] = factories;
  const ratedPowerKw = parameters['ratedPowerKw']?.value ?? 1;
  const topic = `factory/validation/${type}`;
  const machine = { id: topic, name: type, type, ratedPowerKw, intervalS, topic };
  return factory && { factory, machine };
}

/** Runs a machine under given conditions and returns what it publishes. */
export class SimulatedBench implements TestBench {
  readonly factory: FactoryDescription;
  readonly machine: MachineDescription;
  readonly extent: Extent;
  readonly seed: number;
  readonly #options: BenchOptions;

  constructor({ factory, machine }: SampleMachine, options: BenchOptions) {
    this.factory = factory;
    this.machine = machine;
    this.extent = options.extent ?? WHOLE;
    this.seed = options.seed ?? 42;
    this.#options = options;
  }

  get firstS(): number {
    return this.extent.seasons[0]?.fromS ?? 0;
  }

  /** Length of a season’s window [d]. */
  get days(): number {
    return this.machine.intervalS < 5 ? this.extent.fastDays : this.extent.days;
  }

  of(machine: MachineDescription): SimulatedBench {
    return new SimulatedBench({ factory: this.factory, machine }, this.#options);
  }

  read(experiment: Experiment): Readings {
    const { fleet, machine } = this.#prepare(experiment);
    const [fromMs, toMs] = [1000 * experiment.fromS, 1000 * experiment.toS];
    const capacity = Math.ceil((toMs - fromMs) / machine.intervalMs) + 1;
    const readings = new Readings(this.factory, machine, capacity);
    const reader = createReader(fleet, { machines: [machine] });
    reader.seek(fromMs);
    for (const batch of batches(reader, toMs))
      for (let i = 0; i < batch.length; i++)
        if (((batch.flags[i] as number) & READING) !== 0) readings.append(batch, i);
    return readings;
  }

  visitStates(experiment: Experiment, visit: (state: Values<string>, tS: number) => void): void {
    const { fleet, machine } = this.#prepare(experiment);
    const { fromS, toS } = experiment;
    const intervalS = machine.intervalMs / 1000;
    const cursor = new Cursor(machine, fleet.journal);
    const row = new Float64Array(ROW_WIDTH);
    cursor.seek(fromS * 1000, row);
    for (let tS = fromS + intervalS; tS <= toS; tS += intervalS) {
      cursor.read(tS, row, 0);
      visit(cursor.state as Values<string>, tS);
    }
  }

  pairs(anomalyType: string, severity: number, changes: Partial<Experiment> = {}): Pair[] {
    return this.extent.seasons.map(({ fromS }) => {
      const startS = this.fullHourS(fromS);
      const hour = { ...changes, fromS: startS + TRANSIENT_S, toS: startS + HOUR_S };
      const inject: JournalEvent = {
        kind: 'inject',
        id: 'trial',
        machineId: this.machine.id,
        anomalyType,
        severity,
        durationS: HOUR_S,
        sequence: 1,
        timeS: startS,
      };
      return { faulty: this.read({ ...hour, events: [inject] }), healthy: this.read(hour) };
    });
  }

  fullHourS(fromS: number): number {
    const { site } = this.#prepare({ fromS, toS: fromS }).machine;
    for (let tS = fromS + DAY_S; tS < fromS + 15 * DAY_S; tS += HOUR_S) {
      let isFull = true;
      for (let at = tS - HOUR_S / 2; at <= tS + HOUR_S; at += 60)
        isFull &&= site.at(at).load >= FULL;
      if (isFull) return tS;
    }
    throw new NotApplicable('the factory never works at full production');
  }

  /** The machine as the experiment requires it, in a fleet of its own. */
  #prepare(experiment: Experiment): { fleet: Fleet; machine: Machine } {
    const { parameters, hasAnomalies = false, events = [], site = asItIs } = experiment;
    const { types = machineTypes, site: everySite = asItIs } = this.#options;
    const { faults: _planned, ...healthy } = this.machine;
    const changed: MachineDescription = {
      ...healthy,
      intervalS: experiment.intervalS ?? healthy.intervalS,
      ratedPowerKw: experiment.ratedPowerKw ?? healthy.ratedPowerKw,
      parameters: { ...healthy.parameters, ...parameters },
    };
    const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: hasAnomalies }, events);
    const factory = { ...this.factory, machines: [changed] };
    const fleet = createFleet([factory], { seed: this.seed, journal, types });
    const built = fleet.machines[0] as Machine;
    return { fleet, machine: { ...built, site: everySite(site(built.site)) } };
  }
}
