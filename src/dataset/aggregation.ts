import { type Field, OPERATING_MODES } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';

/** The rule by which values of a field are aggregated over several intervals. */
type Aggregation =
  /** Amounts: energy, counts, consumption. */
  | { readonly rule: 'sum' }
  /** Means of their interval, or levels: power, flow, temperature, voltage. */
  | { readonly rule: 'mean' }
  /** RMS values: the mean is taken of their squares. */
  | { readonly rule: 'quadratic-mean' }
  /** Values per unit of an amount: the mean is weighted by the amount, not by time. */
  | { readonly rule: 'mean-by'; readonly amount: string }
  /** Active power over apparent power, both over the whole interval. */
  | { readonly rule: 'power-factor' }
  /** The current that follows from the other electrical fields: I = P / (√3 · V · pf). */
  | { readonly rule: 'current' }
  /** The value that lasted longest; of several, the latest. */
  | { readonly rule: 'longest' }
  | { readonly rule: 'last' };

const SUM: Aggregation = { rule: 'sum' };
const MEAN: Aggregation = { rule: 'mean' };

/** Fields whose unit does not determine the rule. */
const BY_KEY: Readonly<Record<string, Aggregation>> = {
  powerFactor: { rule: 'power-factor' },
  currentA: { rule: 'current' },
  calorificValueKwhM3: { rule: 'mean-by', amount: 'consumptionM3' },
  enthalpyKjKg: { rule: 'mean-by', amount: 'consumptionKg' },
};

/** Rules for numbers by unit. */
const BY_UNIT: Readonly<Record<string, Aggregation>> = {
  kWh: SUM,
  'm³': SUM,
  kg: SUM,
  kW: MEAN,
  'm³/h': MEAN,
  'm³/min': MEAN,
  'kg/h': MEAN,
  'L/min': MEAN,
  'm/min': MEAN,
  '1/h': MEAN,
  bar: MEAN,
  '°C': MEAN,
  '%': MEAN,
  Hz: MEAN,
  V: MEAN,
  // Broad-band r.m.s. velocity (ISO 20816-1, Mechanical vibration, general guidelines).
  'mm/s': { rule: 'quadratic-mean' },
  '': MEAN,
};

/**
 * How a field is aggregated.
 *
 * @throws RangeError for a unit without a rule: the number may be an amount or a level.
 */
export function aggregationOf({ key, name, kind, unit, isTotal }: Field): Aggregation {
  if (kind === 'count') return SUM;
  if (kind === 'mode') return { rule: 'longest' };
  if (kind === 'text' || isTotal) return { rule: 'last' };
  const aggregation = BY_KEY[key] ?? BY_UNIT[unit];
  if (!aggregation) throw new RangeError(`${name}: no rule for how ${unit} is aggregated`);
  return aggregation;
}

/** Descriptions of the aggregation rules. */
const RULES: Readonly<Record<Aggregation['rule'], string>> = {
  sum: 'sum',
  mean: 'mean',
  'quadratic-mean': 'quadratic mean',
  'mean-by': 'mean over the amount',
  'power-factor': 'active over apparent power',
  current: 'from power, voltage and power factor',
  longest: 'what held longest',
  last: 'the last',
};

/**
 * How a field is aggregated, in words.
 *
 * @throws RangeError like {@link aggregationOf}.
 */
export function aggregationText(field: Field): string {
  return RULES[aggregationOf(field).rule];
}

/** A column of a machine type's rows, with the parameters of its rule. */
interface PreparedColumn {
  readonly rule: Aggregation['rule'];
  /** Column of the amount that weights the mean, −1 for none. */
  readonly amountAt: number;
  readonly scale: number;
}

const SQRT3 = Math.sqrt(3);

/** Collects the rows of one machine in one interval. */
export class Aggregate {
  /** Number of rows added. */
  count = 0;
  readonly #columns: readonly PreparedColumn[];
  readonly #electricityAt: number;
  /** Weighted sums of values, or of their squares. */
  readonly #sums = new Float64Array(ROW_WIDTH);
  readonly #weights = new Float64Array(ROW_WIDTH);
  /** Plain sums and counts, used if the amount was 0 throughout. */
  readonly #plainSums = new Float64Array(ROW_WIDTH);
  readonly #counts = new Float64Array(ROW_WIDTH);
  /** Number of rows per mode. */
  readonly #modes = new Float64Array(OPERATING_MODES.length);

  /** @throws RangeError for a field without a rule. */
  constructor({ fields, electricityColumn }: MachineType) {
    this.#electricityAt = electricityColumn;
    this.#columns = fields.map((field) => {
      const aggregation = aggregationOf(field);
      const amount = aggregation.rule === 'mean-by' ? aggregation.amount : undefined;
      return {
        rule: aggregation.rule,
        amountAt: fields.find(({ key }) => key === amount)?.column ?? -1,
        scale: Number(`1e${field.decimals}`),
      };
    });
  }

  /** Adds the row that begins at `from`. */
  add(values: Float64Array, from: number): void {
    this.count++;
    for (let i = 0; i < this.#columns.length; i++) {
      const value = values[from + i] as number;
      if (!Number.isFinite(value)) continue;
      const { rule, amountAt } = this.#columns[i] as PreparedColumn;
      let weight = 1;
      let summed = value;
      if (rule === 'mean-by') weight = values[from + amountAt] as number;
      else if (rule === 'power-factor')
        weight = (values[from + this.#electricityAt] as number) / value;
      else if (rule === 'quadratic-mean') summed = value * value;
      else if (rule === 'longest') this.#modes[value] = (this.#modes[value] as number) + 1;
      if (rule === 'last' || rule === 'longest') this.#sums[i] = value;
      else this.#sums[i] = (this.#sums[i] as number) + weight * summed;
      this.#weights[i] = (this.#weights[i] as number) + weight;
      this.#plainSums[i] = (this.#plainSums[i] as number) + value;
      this.#counts[i] = (this.#counts[i] as number) + 1;
    }
  }

  /** Writes the row of the whole interval to `values` from `at` on, and resets. */
  take(values: Float64Array, at: number): void {
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const { rule, scale } = columns[i] as PreparedColumn;
      const value = this.#value(i);
      // A value of a reading is rounded already, and a large one would not survive it again.
      values[at + i] = rule === 'last' ? value : Math.floor(value * scale + 0.5) / scale;
    }
    const current = columns.findIndex(({ rule }) => rule === 'current');
    if (current >= 0) values[at + current] = this.#currentA(values, at, current);
    this.count = 0;
    for (const sums of [this.#sums, this.#weights, this.#plainSums, this.#counts, this.#modes])
      sums.fill(0);
  }

  /** The value of a column, NaN if no row had one. */
  #value(i: number): number {
    const count = this.#counts[i] as number;
    if (count === 0) return Number.NaN;
    const sum = this.#sums[i] as number;
    const weight = this.#weights[i] as number;
    switch ((this.#columns[i] as PreparedColumn).rule) {
      case 'sum':
      case 'last':
        return sum;
      case 'longest':
        return this.#longestMode(sum);
      case 'quadratic-mean':
        return Math.sqrt(sum / weight);
      default:
        return weight > 0 ? sum / weight : (this.#plainSums[i] as number) / count;
    }
  }

  #longestMode(last: number): number {
    let longest = last;
    for (let mode = 0; mode < this.#modes.length; mode++)
      if ((this.#modes[mode] as number) > (this.#modes[longest] as number)) longest = mode;
    return longest;
  }

  /** From the rounded fields of the row, so that √3 · V · I · pf = P holds in the output. */
  #currentA(values: Float64Array, at: number, i: number): number {
    const electricityAt = at + this.#electricityAt;
    const powerKw = values[electricityAt] as number;
    const voltageV = values[electricityAt + 2] as number;
    const powerFactor = values[electricityAt + 4] as number;
    const { scale } = this.#columns[i] as PreparedColumn;
    const currentA = (1000 * powerKw) / (SQRT3 * voltageV * powerFactor);
    return Math.floor(currentA * scale + 0.5) / scale;
  }
}
