import type { Machine } from '../core/factory.ts';

const CAPACITY_MIN = 64;
/** Rows that may be kept while they wait, of half a kilobyte each. */
const KEPT_MAX = 65_536;

/**
 * Rows that wait for their delivery, as runs: rows of one machine, one after the other on its grid,
 * that are all delivered at once, or each with the same delay. A run takes about 50 bytes, whatever
 * its length. For the first row of a run there may be a slot, in which it is kept.
 *
 * Runs are sorted by the delivery of their first row, then by its true time, then by the order of
 * machines.
 */
export class WaitingRows {
  /** Of the first row of each run, and the true time of the last [ms]. */
  #receivedMs = new Float64Array(CAPACITY_MIN);
  #fromMs = new Float64Array(CAPACITY_MIN);
  #toMs = new Float64Array(CAPACITY_MIN);
  /** By how much the delivery of a row is later than that of the row before it [ms]. */
  #stepMs = new Float64Array(CAPACITY_MIN);
  #order = new Int32Array(CAPACITY_MIN);
  #slot = new Int32Array(CAPACITY_MIN);
  readonly #slots: number[] = [];
  #slotCount = 0;
  readonly #machines: (Machine | undefined)[] = [];
  readonly #free: number[] = [];
  /** A binary heap of runs. */
  readonly #heap: number[] = [];
  /** Runs of each machine that a further row may continue, the last one used first. */
  readonly #open = new Map<Machine, { readonly runs: number[]; count: number }>();

  /** Number of runs. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next row is delivered [ms]; infinite if none waits. */
  get nextMs(): number {
    return this.size > 0 ? (this.#receivedMs[this.#first] as number) : Number.POSITIVE_INFINITY;
  }

  /** The machine of the next row, and its true time. Some row must wait. */
  get machine(): Machine {
    return this.#machines[this.#first] as Machine;
  }
  get timeMs(): number {
    return this.#fromMs[this.#first] as number;
  }
  /** True time of the last row of the run. */
  get lastMs(): number {
    return this.#toMs[this.#first] as number;
  }

  /** Where the next row is kept; −1 if it is not. */
  get slot(): number {
    return this.#slot[this.#first] as number;
  }

  /** Whether any row of a machine waits. */
  has(machine: Machine): boolean {
    return this.#open.has(machine);
  }

  /** The machines of which rows wait. */
  get machines(): Iterable<Machine> {
    return this.#open.keys();
  }

  /** Removes the rows of a machine; returns their true times, first and last of each run [ms]. */
  remove(machine: Machine): readonly (readonly [fromMs: number, toMs: number])[] {
    const runs = this.#heap.filter((run) => this.#machines[run] === machine);
    const others = this.#heap.filter((run) => this.#machines[run] !== machine);
    others.sort((a, b) => (this.#isBefore(a, b) ? -1 : 1));
    this.#heap.length = 0;
    for (const run of others) this.#heap.push(run);
    return runs.map((run) => {
      this.#freeSlot(run);
      this.#forget(run, machine);
      return [this.#fromMs[run] as number, this.#toMs[run] as number];
    });
  }

  clear(): void {
    this.#machines.length = 0;
    this.#free.length = 0;
    this.#slots.length = 0;
    this.#slotCount = 0;
    this.#heap.length = 0;
    this.#open.clear();
  }

  /**
   * Adds a row, later than all that were added of its machine and delivery; one that waits already
   * is not added again.
   *
   * @param order - Place of the machine among others.
   * @returns The slot in which to keep it; −1: in none.
   */
  add(machine: Machine, order: number, timeMs: number, receivedMs: number): number {
    if (this.#isContinued(machine, timeMs, receivedMs)) return -1;
    const run = this.addSpan(machine, order, timeMs, timeMs, receivedMs);
    const slot = this.#slots.pop() ?? (this.#slotCount < KEPT_MAX ? this.#slotCount++ : -1);
    this.#slot[run] = slot;
    return slot;
  }

  /** Adds rows of a machine that are all delivered at once. */
  addSpan(
    machine: Machine,
    order: number,
    fromMs: number,
    toMs: number,
    receivedMs: number,
  ): number {
    const run = this.#free.pop() ?? this.#machines.length;
    if (run === this.#order.length) this.#grow();
    this.#machines[run] = machine;
    this.#order[run] = order;
    this.#slot[run] = -1;
    this.#fromMs[run] = fromMs;
    this.#toMs[run] = toMs;
    this.#stepMs[run] = 0;
    this.#receivedMs[run] = receivedMs;
    const own = this.#open.get(machine) ?? { runs: [], count: 0 };
    own.count++;
    own.runs.unshift(run);
    // Each channel of a reading may be delivered on its own, and twice.
    if (own.runs.length > 2 * machine.type.channels.length) own.runs.pop();
    this.#open.set(machine, own);
    this.#heap.push(run);
    this.#rise(this.#heap.length - 1);
    return run;
  }

  /** Removes the next row. */
  removeFirst(): void {
    const run = this.#first;
    const machine = this.#machines[run] as Machine;
    const fromMs = (this.#fromMs[run] as number) + machine.intervalMs;
    this.#freeSlot(run);
    this.#fromMs[run] = fromMs;
    this.#receivedMs[run] = (this.#receivedMs[run] as number) + (this.#stepMs[run] as number);
    if (fromMs > (this.#toMs[run] as number)) {
      const last = this.#heap.pop() as number;
      if (this.#heap.length > 0) this.#heap[0] = last;
      this.#forget(run, machine);
    }
    this.#sink();
  }

  get #first(): number {
    return this.#heap[0] as number;
  }

  #isContinued(machine: Machine, timeMs: number, receivedMs: number): boolean {
    const runs = this.#open.get(machine)?.runs ?? [];
    for (const [place, run] of runs.entries()) {
      const fromMs = this.#fromMs[run] as number;
      const toMs = this.#toMs[run] as number;
      const firstMs = this.#receivedMs[run] as number;
      const stepMs = this.#stepMs[run] as number;
      const lastMs = firstMs + ((toMs - fromMs) / machine.intervalMs) * stepMs;
      const isSame = timeMs === toMs && receivedMs === lastMs;
      // Two rows of one instant do not fit into a slot.
      if (isSame && fromMs === toMs) this.#freeSlot(run);
      if (isSame) return true;
      if (timeMs !== toMs + machine.intervalMs) continue;
      const nextStepMs = receivedMs - lastMs;
      const isNew = fromMs === toMs && (nextStepMs === 0 || nextStepMs === machine.intervalMs);
      if (!isNew && nextStepMs !== stepMs) continue;
      this.#stepMs[run] = nextStepMs;
      this.#toMs[run] = timeMs;
      runs.splice(place, 1);
      runs.unshift(run);
      return true;
    }
    return false;
  }

  #freeSlot(run: number): void {
    const slot = this.#slot[run] as number;
    if (slot >= 0) this.#slots.push(slot);
    this.#slot[run] = -1;
  }

  #forget(run: number, machine: Machine): void {
    this.#machines[run] = undefined;
    this.#free.push(run);
    const own = this.#open.get(machine);
    if (!own) return;
    if (--own.count === 0) this.#open.delete(machine);
    const place = own.runs.indexOf(run);
    if (place >= 0) own.runs.splice(place, 1);
  }

  #grow(): void {
    const capacity = 2 * this.#order.length;
    const wide = (from: Float64Array) => {
      const to = new Float64Array(capacity);
      to.set(from);
      return to;
    };
    this.#receivedMs = wide(this.#receivedMs);
    this.#fromMs = wide(this.#fromMs);
    this.#toMs = wide(this.#toMs);
    this.#stepMs = wide(this.#stepMs);
    const [order, slot] = [new Int32Array(capacity), new Int32Array(capacity)];
    order.set(this.#order);
    slot.set(this.#slot);
    this.#order = order;
    this.#slot = slot;
  }

  #isBefore(a: number, b: number): boolean {
    const difference =
      (this.#receivedMs[a] as number) - (this.#receivedMs[b] as number) ||
      (this.#fromMs[a] as number) - (this.#fromMs[b] as number) ||
      (this.#order[a] as number) - (this.#order[b] as number);
    return difference < 0;
  }

  #rise(at: number): void {
    const heap = this.#heap;
    const run = heap[at] as number;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(run, heap[parent] as number)) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = run;
  }

  #sink(): void {
    const heap = this.#heap;
    if (heap.length === 0) return;
    const run = heap[0] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (
        child + 1 < heap.length &&
        this.#isBefore(heap[child + 1] as number, heap[child] as number)
      )
        child++;
      if (!this.#isBefore(heap[child] as number, run)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = run;
  }
}
