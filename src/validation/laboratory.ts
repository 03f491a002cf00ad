import { Batch, READING } from '../core/batch.ts';
import type { FactoryDescription, Machine, MachineDescription } from '../core/factory.ts';
import { Journal, type JournalEvent } from '../core/journal.ts';
import { type MachineType, ROW_WIDTH, type Values } from '../core/machine.ts';
import type { Site } from '../core/site.ts';
import { machineTypes } from '../machines/index.ts';
import { Cursor } from '../simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../simulation/fleet.ts';
import { createReader } from '../simulation/reader.ts';
import { Inapplicable } from './check.ts';
import { type Extent, WHOLE } from './extent.ts';
import { FULL, Series } from './series.ts';

/** A machine that is looked at, with the factory it stands in. */
export interface Specimen {
  readonly factory: FactoryDescription;
  readonly machine: MachineDescription;
}

/** A way to change what a machine finds around it. */
export type Surroundings = (site: Site) => Site;

/** What is simulated, and under which conditions. */
export interface Trial {
  readonly fromS: number;
  readonly toS: number;
  readonly intervalS?: number;
  readonly ratedPowerKw?: number;
  /** Departures from the specimen's own parameters. */
  readonly parameters?: Readonly<Partial<Values<string>>>;
  readonly surroundings?: Surroundings;
  readonly events?: readonly JournalEvent[];
}

/** What a laboratory works with. */
export interface LaboratoryOptions {
  readonly factories: readonly FactoryDescription[];
  readonly seed?: number;
  readonly extent?: Extent;
  /** The machine types that there are; another copy of one is how a test breaks its physics. */
  readonly types?: readonly MachineType[];
  /** Changes every site, likewise. */
  readonly surroundings?: Surroundings;
}

const HOUR_S = 3600;
const DAY_S = 86_400;
/** After an anomaly’s start, so long until it is fully grown and what is warm has followed. */
const UNSTEADY_S = 1200;

/** Runs machines of a factory under given conditions and gives what they publish. */
export class Laboratory {
  readonly extent: Extent;
  readonly seed: number;
  readonly specimens: readonly Specimen[];
  readonly #types: readonly MachineType[];
  readonly #surroundings: Surroundings;

  constructor({ factories, seed, extent, types, surroundings }: LaboratoryOptions) {
    this.extent = extent ?? WHOLE;
    this.seed = seed ?? 42;
    this.#types = types ?? machineTypes;
    this.#surroundings = surroundings ?? ((site) => site);
    this.specimens = oneOfEachType(factories, this.#types);
  }

  /** The readings of a machine. */
  read(specimen: Specimen, trial: Trial): Series {
    const { fleet, machine } = this.#prepare(specimen, trial);
    const { fromS, toS } = trial;
    const capacity = Math.ceil(((toS - fromS) * 1000) / machine.intervalMs) + 1;
    const series = new Series(specimen.factory, machine, capacity);
    const reader = createReader(fleet, { machines: [machine] });
    reader.seek(fromS * 1000);
    const batch = new Batch();
    for (let isDone = false; !isDone; ) {
      batch.clear();
      isDone = reader.read(toS * 1000, batch);
      for (let i = 0; i < batch.length; i++)
        if (((batch.flags[i] as number) & READING) !== 0)
          series.append(batch.timesMs[i] as number, batch.values, i);
    }
    return series;
  }

  /** Looks inside a machine after each reading, where the readings do not show a quantity. */
  inside(
    specimen: Specimen,
    trial: Trial,
    look: (state: Values<string>, tS: number) => void,
  ): void {
    const { fleet, machine } = this.#prepare(specimen, trial);
    const intervalS = machine.intervalMs / 1000;
    const cursor = new Cursor(machine, fleet.journal);
    const row = new Float64Array(ROW_WIDTH);
    cursor.seek(trial.fromS * 1000, row);
    for (let tS = trial.fromS + intervalS; tS <= trial.toS; tS += intervalS) {
      cursor.read(tS, row, 0);
      look(cursor.state as Values<string>, tS);
    }
  }

  /** A season’s readings of a machine as it is. */
  season(specimen: Specimen, fromS: number): Series {
    const { days, fastDays } = this.extent;
    const isFast = specimen.machine.intervalS < 5;
    return this.read(specimen, { fromS, toS: fromS + (isFast ? fastDays : days) * DAY_S });
  }

  /**
   * The steady part of an hour of full production, with an anomaly and without: one pair a season.
   */
  pairs(
    specimen: Specimen,
    anomalyType: string,
    severity: number,
    changes: Partial<Trial> = {},
  ): { readonly faulty: Series; readonly healthy: Series }[] {
    return this.extent.seasons.map((season) => {
      const startS = this.fullHourS(specimen, season.fromS);
      const trial = { ...changes, fromS: startS + UNSTEADY_S, toS: startS + HOUR_S };
      const inject: JournalEvent = {
        kind: 'inject',
        id: 'trial',
        machineId: specimen.machine.id,
        anomalyType,
        severity,
        durationS: HOUR_S,
        sequence: 1,
        timeS: startS,
      };
      return {
        faulty: this.read(specimen, { ...trial, events: [inject] }),
        healthy: this.read(specimen, trial),
      };
    });
  }

  /**
   * The first full hour after a day in which the whole hour, and half an hour before it, is full
   * production.
   *
   * @throws Inapplicable where the factory has none in two weeks.
   */
  fullHourS(specimen: Specimen, fromS: number): number {
    const { site } = this.#prepare(specimen, { fromS, toS: fromS }).machine;
    for (let tS = fromS + DAY_S; tS < fromS + 15 * DAY_S; tS += HOUR_S) {
      let isFull = true;
      for (let at = tS - HOUR_S / 2; at <= tS + HOUR_S; at += 60)
        isFull &&= site.at(at).load >= FULL;
      if (isFull) return tS;
    }
    throw new Inapplicable('the factory never works at full production');
  }

  /** Machines made for an experiment, side by side in one fleet. */
  fleet(factory: FactoryDescription, areAnomaliesOn = false): Fleet {
    const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: areAnomaliesOn });
    return createFleet([factory], { seed: this.seed, journal, types: this.#types });
  }

  /** The machine of a specimen as the trial has it, in a fleet of its own. */
  #prepare({ factory, machine }: Specimen, trial: Trial): { fleet: Fleet; machine: Machine } {
    const journal = new Journal(
      { ...DEFAULT_SETTINGS, enableAnomalies: false },
      trial.events ?? [],
    );
    const { faults: _planned, ...healthy } = machine;
    const changed: MachineDescription = {
      ...healthy,
      intervalS: trial.intervalS ?? machine.intervalS,
      ratedPowerKw: trial.ratedPowerKw ?? machine.ratedPowerKw,
      parameters: { ...machine.parameters, ...trial.parameters },
    };
    const fleet = createFleet([{ ...factory, machines: [changed] }], {
      seed: this.seed,
      journal,
      types: this.#types,
    });
    const built = fleet.machines[0] as Machine;
    const site = this.#surroundings((trial.surroundings ?? ((each) => each))(built.site));
    return { fleet, machine: { ...built, site } };
  }
}

/** A site of which some conditions are held fast. */
export function withConditions(changes: Partial<ReturnType<Site['at']>>): Surroundings {
  return (site) => changedSite(site, { at: (tS) => ({ ...site.at(tS), ...changes }) });
}

/** A site that answers as another one does, but for some questions. */
export function changedSite(site: Site, changes: Partial<Site>): Site {
  return {
    nominalVoltageV: site.nominalVoltageV,
    nominalFrequencyHz: site.nominalFrequencyHz,
    at: (tS) => site.at(tS),
    demand: (tS) => site.demand(tS),
    frequencyHz: (tS) => site.frequencyHz(tS),
    voltageV: (tS) => site.voltageV(tS),
    shiftHours: (fromS, toS) => site.shiftHours(fromS, toS),
    localDay: (tS) => site.localDay(tS),
    localDayStartS: (day) => site.localDayStartS(day),
    shifts: (fromS, toS) => site.shifts(fromS, toS),
    lastLocalTimeS: (tS, second) => site.lastLocalTimeS(tS, second),
    ...changes,
  };
}

/**
 * The first machine of each type; where the factories have none of a type, one as it is by
 * default, in the first of them.
 */
function oneOfEachType(
  factories: readonly FactoryDescription[],
  types: readonly MachineType[],
): readonly Specimen[] {
  return types.flatMap(({ type, parameters, intervalS, isMainMeter }) => {
    // All that it says of its own is a sum.
    if (isMainMeter) return [];
    for (const factory of factories) {
      const machine = factory.machines.find((each) => each.type === type);
      if (machine) return [{ factory, machine }];
    }
    const [factory] = factories;
    const ratedPowerKw = parameters['ratedPowerKw']?.value ?? 1;
    const topic = `factory/validation/${type}`;
    const machine = { id: topic, name: type, type, ratedPowerKw, intervalS, topic };
    return factory ? [{ factory, machine }] : [];
  });
}
