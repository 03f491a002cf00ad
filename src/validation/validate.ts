import { type Check, NotApplicable, type Statistic } from '../core/realism.ts';
import { extremes } from '../core/statistics.ts';
import { CHECKS } from './checks.ts';
import { type BenchOptions, type SimulatedBench, testBenches } from './test-bench.ts';

/** The outcome of one check. */
export interface Verdict {
  readonly check: Check;
  readonly outcome: 'pass' | 'fail' | 'skipped';
  /** The smallest and the largest value found; undefined if there was none. */
  readonly found: readonly [least: number, most: number] | undefined;
  /** What was simulated for it. */
  readonly simulated: string;
  /** Why it was skipped, or why there is no value. */
  readonly reason?: string;
}

/** What to validate: by default everything, on one machine of each type. */
export interface ValidationOptions extends BenchOptions {
  /** Only checks whose id begins with one of these. */
  readonly only?: readonly string[];
  /** Called after each measurement with their number so far, and the number of all. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Runs the checks, in the order of {@link CHECKS}, and returns a verdict for each. */
export function validate({ only, onProgress, ...options }: ValidationOptions): Verdict[] {
  const benches = testBenches(options);
  const studies = CHECKS.filter(
    ({ id }) => !only || only.some((prefix) => id.startsWith(prefix)),
  ).map((check) => ({ check, benches: benchesOf(check, benches), values: [], reason: undefined }));
  const plans = benches.map((bench) => {
    const own = studies.filter((study) => study.benches.includes(bench));
    const watching = own.filter(({ check }) => check.inReadings);
    return { bench, own, watching, seasons: watching.length > 0 ? bench.extent.seasons : [] };
  });
  const all = plans.reduce((sum, { own, seasons }) => sum + own.length + seasons.length, 0);
  let done = 0;
  for (const { bench, own, watching, seasons } of plans) {
    for (const { fromS } of seasons) {
      const readings = bench.read({ fromS, toS: fromS + bench.days * DAY_S });
      for (const study of watching) take(study, () => study.check.inReadings?.(readings));
      onProgress?.(++done, all);
    }
    for (const study of own) {
      take(study, () => study.check.byExperiment?.(bench));
      onProgress?.(++done, all);
    }
  }
  return studies.map(verdictOf);
}

const DAY_S = 86_400;

/** Whether the id of any check begins with this, as `--only` requires. */
export function isCheckPrefix(prefix: string): boolean {
  return CHECKS.some(({ id }) => id.startsWith(prefix));
}

/** One check in progress. */
interface Study {
  readonly check: Check;
  readonly benches: readonly SimulatedBench[];
  readonly values: number[];
  reason: string | undefined;
}

/** The machines that a check runs on. */
function benchesOf(
  { on, machineType }: Check,
  benches: readonly SimulatedBench[],
): readonly SimulatedBench[] {
  const byInterval = benches.toSorted((a, b) => a.machine.intervalS - b.machine.intervalS);
  if (on === 'fastest') return byInterval.slice(0, 1);
  if (on === 'slowest') return byInterval.slice(-1);
  if (machineType === 'all') return benches;
  return benches.filter(({ machine }) => machine.type === machineType);
}

function take(study: Study, measure: () => Statistic): void {
  try {
    study.values.push(...[measure() ?? []].flat());
  } catch (error) {
    if (!(error instanceof NotApplicable)) throw error;
    study.reason = error.message;
  }
}

function verdictOf({ check, benches, values, reason }: Study): Verdict {
  const { low, high, machineType } = check;
  const base = {
    check,
    simulated: check.simulated ?? simulatedText(check, benches),
    found: undefined,
  };
  if (benches.length === 0)
    return { ...base, outcome: 'skipped', reason: `no ${machineType} type` };
  if (values.length === 0 && reason !== undefined) return { ...base, outcome: 'skipped', reason };
  if (values.length === 0)
    return { ...base, outcome: 'fail', reason: 'nothing to measure was found' };
  const found = extremes(values);
  const isInside = found[0] >= (low ?? -Infinity) && found[1] <= (high ?? Infinity);
  return { ...base, found, outcome: isInside ? 'pass' : 'fail' };
}

/** What is simulated for checks without a description of their own. */
function simulatedText({ inReadings }: Check, benches: readonly SimulatedBench[]): string {
  const names = (benches[0]?.extent.seasons ?? []).map(({ name }) => name).join(', ');
  if (!inReadings) return `20 min to 1 h after the onset, on one day of ${names}`;
  return `${[...new Set(benches.map(({ days }) => days))].join(' or ')} d of ${names}`;
}
