import { FADE_S, type Incident, intensity, lasting, SEVERITY } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import type { Journal, Settings } from '../core/journal.ts';
import type { Fault, Values } from '../core/machine.ts';
import { copyOf } from '../core/record.ts';
import { WearModel } from './wear-model.ts';

/** Shortest and longest random anomaly, distributed evenly on a logarithmic scale [s]. */
const AUTOMATIC_MIN_S = 20 * 60;
const AUTOMATIC_MAX_S = 3 * 3600;

/** Leaves out all anomalies, when passed as the id of the anomaly to leave out. */
export const EVERY_ANOMALY = '*';

/** Random streams of the daily draw. */
const DRAW = 90;
const KIND = 91;
const SIZE = 92;
const LENGTH = 93;
const PLACE = 94;

/**
 * The anomalies of one machine as a function of time: injected, planned in the factory
 * description, from stories, and random.
 */
export class Incidents {
  readonly #machine: Machine;
  readonly #journal: Journal;
  /** The anomaly to leave out, or all of them: the counterfactual. */
  readonly #without: string | undefined;
  readonly #wear: WearModel;
  /** Parameters under the active faults, created when the first fault acts. */
  #own: Values<string> | undefined;
  /** Since when the fault-free parameters are those in `#own`. */
  #ownSinceS = Number.NaN;
  #active: readonly Incident[] = [];
  /** Intensity of each active fault in `#own`. */
  readonly #intensities: number[] = [];
  #eventsSeen = -1;
  #fromS = Number.POSITIVE_INFINITY;
  #untilS = Number.NEGATIVE_INFINITY;

  constructor(machine: Machine, journal: Journal, without?: string) {
    this.#machine = machine;
    this.#journal = journal;
    this.#without = without;
    this.#wear = new WearModel(machine);
  }

  /** The parameters in effect at an instant; without faults, those of the maintained machine. */
  parametersAt(tS: number): Readonly<Values<string>> {
    const active = this.#activeAt(tS);
    const parameters = this.#wear.parametersAt(tS);
    if (active.length === 0) return parameters;
    const { type } = this.#machine;
    let isApplied = this.#ownSinceS === this.#wear.sinceS;
    for (let i = 0; i < active.length; i++) {
      const incident = active[i] as Incident;
      const x = intensity(incident, (type.faults[incident.type] as Fault).onset, tS);
      if (this.#intensities[i] !== x) isApplied = false;
      this.#intensities[i] = x;
    }
    this.#own ??= copyOf(parameters);
    if (isApplied) return this.#own;
    const own = Object.assign(this.#own, parameters);
    for (let i = 0; i < active.length; i++) {
      const fault = type.faults[(active[i] as Incident).type] as Fault;
      fault.apply(own, this.#intensities[i] as number);
    }
    this.#ownSinceS = this.#wear.sinceS;
    return Object.assign(own, type.derived(own as never));
  }

  /** One bit per fault active at an instant, in the order of the type's `faultTypes`. */
  labelAt(tS: number): number {
    const active = this.#activeAt(tS);
    if (active.length === 0) return 0;
    let label = 0;
    for (const { type, startS, endS } of active)
      if (tS > startS && tS <= endS) label |= 1 << this.#machine.type.faultTypes.indexOf(type);
    return label;
  }

  /** The anomalies that overlap a window, oldest first. */
  between(fromS: number, toS: number): Incident[] {
    const { site } = this.#machine;
    const found = [...this.#planned(), ...this.#told(fromS, toS)];
    for (let day = site.localDay(fromS) - 1; day <= site.localDay(toS) + 1; day++) {
      const incident = this.#automatic(day);
      if (incident) found.push(incident);
    }
    return found
      .filter(({ startS, endS }) => startS < toS && endS > fromS)
      .sort((a, b) => a.startS - b.startS);
  }

  #activeAt(tS: number): readonly Incident[] {
    const isKnown = tS >= this.#fromS && tS < this.#untilS;
    if (!isKnown || this.#eventsSeen !== this.#journal.events.length) this.#find(tS);
    return this.#active;
  }

  /** Finds the anomalies active at `tS`, and the span in which that set does not change. */
  #find(tS: number): void {
    const { site } = this.#machine;
    const day = site.localDay(tS);
    this.#eventsSeen = this.#journal.events.length;
    this.#fromS = site.localDayStartS(day);
    this.#untilS = site.localDayStartS(day + 1);
    const automatic = this.#automatic(day);
    const candidates = [
      ...this.#planned(),
      ...(automatic ? [automatic] : []),
      ...this.#told(this.#fromS - FADE_S, this.#untilS),
    ];
    const active: Incident[] = [];
    for (const incident of candidates) {
      const { startS } = incident;
      const overS = incident.endS + FADE_S;
      if (startS <= tS && tS < overS) active.push(incident);
      for (const changeS of [startS, overS]) {
        if (changeS <= tS) this.#fromS = Math.max(this.#fromS, changeS);
        else this.#untilS = Math.min(this.#untilS, changeS);
      }
    }
    // Where no fault of a story acts, the order is that of a machine without stories.
    this.#active = active.some(({ story }) => story) ? active.sort(byBegin) : active;
    this.#intensities.length = 0;
  }

  #planned(): Incident[] {
    if (this.#without === EVERY_ANOMALY) return [];
    const scenario = this.#scenario().map((incident) => this.#ended(incident, []));
    return [...scenario, ...this.#journal.injections(this.#machine.id)].filter(
      (incident) => incident.id !== this.#without,
    );
  }

  /** The anomalies planned in the factory description. */
  #scenario(): Incident[] {
    const { id, scenario } = this.#machine;
    return scenario.map(({ type, startS, durationS, severity }, i) =>
      lasting(durationS, {
        id: `${id}/scenario/${i + 1}`,
        machineId: id,
        type,
        origin: 'scenario',
        severity,
        startS,
      }),
    );
  }

  /** The faults of stories that overlap a span. They act beside all others. */
  #told(fromS: number, toS: number): Incident[] {
    const { id, story, type: machineType } = this.#machine;
    if (!story || this.#without === EVERY_ANOMALY) return [];
    return story.incidents(fromS, toS).flatMap((planned) => {
      const { type, startS } = planned;
      // A machine that is replaced has the faults of its type at that time.
      if (planned.id === this.#without || !machineType.faultTypes.includes(type)) return [];
      const endS = this.#journal.firstClear(id, type, startS, planned.endS);
      return [endS === undefined ? planned : { ...planned, endS, clearedBy: 'request' }];
    });
  }

  /** The random anomaly of a local day, if there is one. */
  #automatic(day: number): Incident | undefined {
    const { id, random, site, type } = this.#machine;
    const chance = random.uniform(DRAW, day);
    if (type.faultTypes.length === 0 || this.#without === EVERY_ANOMALY) return undefined;
    // The common case: no settings so far allow an anomaly on this day.
    if (!this.#journal.settingsChanges().some(({ settings }) => occurs(settings, chance)))
      return undefined;
    const dayStartS = site.localDayStartS(day);
    const dayEndS = site.localDayStartS(day + 1);
    const size = random.uniform(SIZE, day);
    const spread = Math.log(AUTOMATIC_MAX_S / AUTOMATIC_MIN_S);
    const durationS = Math.round(AUTOMATIC_MIN_S * Math.exp(spread * random.uniform(LENGTH, day)));
    const roomS = dayEndS - FADE_S - durationS - dayStartS;
    const startS = dayStartS + Math.floor(roomS * random.uniform(PLACE, day));
    const settings = this.#journal.settingsAt(startS);
    if (!occurs(settings, chance)) return undefined;
    const kind = Math.floor(type.faultTypes.length * random.uniform(KIND, day));
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
    const planned = lasting(durationS, {
      id: `${id}/random/${date}`,
      machineId: id,
      type: type.faultTypes[kind] as string,
      origin: 'random',
      severity: Math.round((SEVERITY.min + 4 * size * size) * 100) / 100,
      startS,
    });
    const incident = this.#ended(planned, this.#scenario());
    return incident.id === this.#without || incident.endS <= startS ? undefined : incident;
  }

  /**
   * An anomaly that was not injected, with its end as the journal has it: an injected anomaly of
   * its type, or one of `rivals`, supersedes it.
   */
  #ended(incident: Incident, rivals: readonly Incident[]): Incident {
    const { machineId, type, startS } = incident;
    let { endS, clearedBy } = incident;
    const clearedS = this.#journal.firstClear(machineId, type, startS, endS);
    if (clearedS !== undefined) [endS, clearedBy] = [clearedS, 'request'];
    for (const other of [...rivals, ...this.#journal.injections(machineId)]) {
      const overlaps = other.type === type && other.startS < endS && other.endS > startS;
      if (overlaps) [endS, clearedBy] = [Math.max(startS, other.startS), 'superseded'];
    }
    return { ...incident, endS, clearedBy };
  }
}

/** Whether settings allow an anomaly on a day with this draw. */
function occurs({ enableAnomalies, anomalyProbability }: Settings, chance: number): boolean {
  return enableAnomalies && chance < anomalyProbability;
}

/** By begin, then by id. */
function byBegin(a: Incident, b: Incident): number {
  return a.startS - b.startS || (a.id < b.id ? -1 : 1);
}
