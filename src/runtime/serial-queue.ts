/** Runs pieces of work one after the other, in the order in which they were added. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs some work after everything added before has settled, successfully or not. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    // The caller handles a failure; the next work runs anyway.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Settles when everything added so far has settled. */
  async settled(): Promise<void> {
    await this.#tail;
  }
}
