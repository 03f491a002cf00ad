/** Others get their turn after so long [ms]. */
const TURN_MS = 10;

/** A piece of a longer work; true where more is to be done at once. */
export type Step = () => boolean;

/**
 * Does long works piece by piece, in turn, and lets everything else of the process go on after
 * ten milliseconds of them.
 */
export class StepScheduler {
  #waiting: Step[] = [];
  #isDue = false;

  add(step: Step): void {
    this.#waiting.push(step);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const endMs = performance.now() + TURN_MS;
    let at = 0;
    const steps = this.#waiting;
    do {
      const step = steps[at++] as Step;
      if (step()) steps.push(step);
    } while (at < steps.length && performance.now() < endMs);
    this.#waiting = steps.slice(at);
    // A step may have added others meanwhile, to the list that was current then: this one.
    this.#isDue = this.#waiting.length > 0;
    if (this.#isDue) setImmediate(this.#turn);
  };
}
