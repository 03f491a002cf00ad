/** How long steps may run before other work gets its turn [ms]. */
const TURN_MS = 10;

/** A step of some longer work. Returns whether there is more to do now. */
export type Step = () => boolean;

/**
 * Runs long work step by step, in turn, and yields to the rest of the process every ten
 * milliseconds.
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
    // A step may have added others to this list, which was current until now.
    this.#isDue = this.#waiting.length > 0;
    if (this.#isDue) setImmediate(this.#turn);
  };
}
