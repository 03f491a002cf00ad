import type { Bound } from './bounds/bound.ts';
import { BOUNDS } from './bounds/index.ts';
import { type Check, Inapplicable } from './check.ts';
import { CHECKS } from './checks/index.ts';
import type { Extent, Season } from './extent.ts';
import { Laboratory, type LaboratoryOptions, type Specimen } from './laboratory.ts';
import type { Series } from './series.ts';
import { extremes } from './statistics.ts';

/** What became of one bound. */
export interface Verdict {
  readonly bound: Bound;
  readonly outcome: 'pass' | 'fail' | 'skipped';
  /** The least and the most of what was found; none where nothing was. */
  readonly found: readonly [least: number, most: number] | undefined;
  /** What was simulated for it. */
  readonly simulated: string;
  /** Why it was skipped, or could not be found. */
  readonly reason?: string;
}

/** What is to be validated: by default everything, on one machine of each type. */
export interface ValidationOptions extends LaboratoryOptions {
  /** Only bounds whose id begins with one of these. */
  readonly only?: readonly string[];
}

/** Simulates what the checks need and judges each bound, in the order of {@link BOUNDS}. */
export function validate({ only, ...options }: ValidationOptions): Verdict[] {
  const laboratory = new Laboratory(options);
  const studies = BOUNDS.filter(
    ({ id }) => !only || only.some((prefix) => id.startsWith(prefix)),
  ).map((bound) => new Study(bound, laboratory));
  for (const specimen of laboratory.specimens) {
    const watching = studies.filter((study) => study.watches(specimen));
    if (watching.length > 0)
      for (const season of laboratory.extent.seasons) {
        const series = laboratory.season(specimen, season.fromS);
        for (const study of watching) study.watch(series, season);
      }
    for (const study of studies) if (study.isOf(specimen)) study.tryOut(specimen);
  }
  return studies.map((study) => study.verdict);
}

/** Ids that `--only` can begin with. */
export function isBoundPrefix(prefix: string): boolean {
  return BOUNDS.some(({ id }) => id.startsWith(prefix));
}

/** One bound on its way to a verdict. */
class Study {
  readonly #bound: Bound;
  readonly #check: Check;
  readonly #laboratory: Laboratory;
  readonly #specimens: readonly Specimen[];
  readonly #values: number[] = [];
  #reason: string | undefined;

  constructor(bound: Bound, laboratory: Laboratory) {
    const check = CHECKS.find(({ id }) => id === bound.id);
    if (!check) throw new Error(`no check for the bound ${bound.id}`);
    this.#bound = bound;
    this.#check = check;
    this.#laboratory = laboratory;
    this.#specimens = specimensOf(bound, check, laboratory);
  }

  isOf(specimen: Specimen): boolean {
    return this.#specimens.includes(specimen);
  }

  watches(specimen: Specimen): boolean {
    return this.#check.inReadings !== undefined && this.isOf(specimen);
  }

  watch(series: Series, season: Season): void {
    this.#take(() => this.#check.inReadings?.(series, season));
  }

  tryOut(specimen: Specimen): void {
    this.#take(() => this.#check.byTrial?.(this.#laboratory, specimen));
  }

  get verdict(): Verdict {
    const { low, high } = this.#bound;
    const simulated = this.#check.simulated ?? this.#watched;
    const base = { bound: this.#bound, simulated, found: undefined };
    if (this.#specimens.length === 0)
      return { ...base, outcome: 'skipped', reason: `no ${this.#bound.machineType} type` };
    if (this.#values.length === 0 && this.#reason !== undefined)
      return { ...base, outcome: 'skipped', reason: this.#reason };
    if (this.#values.length === 0)
      return { ...base, outcome: 'fail', reason: 'nothing to measure was found' };
    const found = extremes(this.#values);
    const isInside = found[0] >= (low ?? -Infinity) && found[1] <= (high ?? Infinity);
    return { ...base, found, outcome: isInside ? 'pass' : 'fail' };
  }

  get #watched(): string {
    const { extent } = this.#laboratory;
    const names = extent.seasons.map(({ name }) => name).join(', ');
    if (this.#check.inReadings === undefined)
      return `20 min to 1 h after the onset, on one day of ${names}`;
    const intervals = this.#specimens.map(({ machine }) => machine.intervalS);
    const lengths = new Set(intervals.map((intervalS) => watchedDays(extent, intervalS)));
    return `${[...lengths].join(' or ')} d of ${names}`;
  }

  #take(measure: () => readonly number[] | undefined): void {
    try {
      this.#values.push(...(measure() ?? []));
    } catch (error) {
      if (!(error instanceof Inapplicable)) throw error;
      this.#reason = error.message;
    }
  }
}

/** Length of a season's window for machines of an interval [d]. */
function watchedDays({ days, fastDays }: Extent, intervalS: number): number {
  return intervalS < 5 ? fastDays : days;
}

/** The machines that a bound is checked on. */
function specimensOf(bound: Bound, check: Check, { specimens }: Laboratory): readonly Specimen[] {
  const byInterval = [...specimens].sort((a, b) => a.machine.intervalS - b.machine.intervalS);
  if (check.on === 'fastest') return byInterval.slice(0, 1);
  if (check.on === 'slowest') return byInterval.slice(-1);
  if (bound.machineType === 'all') return specimens;
  return specimens.filter(({ machine }) => machine.type === bound.machineType);
}
