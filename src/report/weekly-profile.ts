import { WEEK_HOURS } from './grid.ts';

/** The average of a quantity in each hour of the week. */
export class WeeklyProfile {
  readonly #sum = new Float64Array(WEEK_HOURS);
  readonly #weight = new Float64Array(WEEK_HOURS);

  /**
   * Adds a value that held for the duration `weight` in an hour of the week; 0 is the first hour
   * of Monday.
   */
  add(weekHour: number, value: number, weight: number): void {
    this.#sum[weekHour] = (this.#sum[weekHour] as number) + value * weight;
    this.#weight[weekHour] = (this.#weight[weekHour] as number) + weight;
  }

  /** The mean of each hour, from the first hour of Monday; NaN for an hour without a value. */
  get means(): Float64Array {
    return this.#sum.map((sum, hour) => sum / (this.#weight[hour] as number));
  }
}
