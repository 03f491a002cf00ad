import { WEEK_HOURS } from './grid.ts';

/** What a quantity is like on average in each hour of the week. */
export class WeeklyProfile {
  readonly #sum = new Float64Array(WEEK_HOURS);
  readonly #weight = new Float64Array(WEEK_HOURS);

  /** Takes a value that held for so long in an hour of the week, 0 for the first of a Monday. */
  add(weekHour: number, value: number, weight: number): void {
    this.#sum[weekHour] = (this.#sum[weekHour] as number) + value * weight;
    this.#weight[weekHour] = (this.#weight[weekHour] as number) + weight;
  }

  /** The mean of each hour from Monday's first on; NaN for one without a value. */
  get means(): Float64Array {
    return this.#sum.map((sum, hour) => sum / (this.#weight[hour] as number));
  }
}
