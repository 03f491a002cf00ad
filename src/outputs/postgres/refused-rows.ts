import { type Batch, READING } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';
import type { CopyTarget } from '../../encoding/copy-binary.ts';
import { isRowRefusal } from './error.ts';

/** Rows identified one by one; after that, all rows of a machine are skipped at once. */
const SINGLE_MAX = 20;
/** Most rejected rows and machines of one batch; beyond that, the table is at fault. */
const REFUSED_MAX = 60;

/** A rejected row, as the server quotes it: `…-01-14 10:00:01+00, c0000…`. */
const TIME = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)/;

/** Rows of one batch that violate constraints: each is left out of its table only. */
export class RefusedRows {
  readonly #batch: Batch;
  readonly #onRefused: (topic: string, reason: string) => void;
  readonly #keys = new Set<string>();
  #count = 0;

  /** @param onRefused - Called for each row that is left out. */
  constructor(batch: Batch, onRefused: (topic: string, reason: string) => void) {
    this.#batch = batch;
    this.#onRefused = onRefused;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Whether to leave a row out of a table. */
  has(target: CopyTarget, row: number): boolean {
    return this.#keys.size > 0 && this.#keys.has(keyOf(target, row));
  }

  /** Leaves out a row. */
  add(target: CopyTarget, row: number, reason: string): void {
    this.#keys.add(keyOf(target, row));
    this.#onRefused(tableTopic(this.#batch.machines[row] as Machine, target), reason);
  }

  /**
   * Leaves out the row that a server error refers to.
   *
   * @returns False if it refers to no row, or there are too many.
   */
  take(error: unknown, target: CopyTarget | undefined): boolean {
    if (!target || !isRowRefusal(error) || ++this.#count > REFUSED_MAX) return false;
    const { message, detail = '' } = error as { message: string; detail?: string };
    const time = TIME.exec(detail);
    const [, date, clock, zone] = time ?? [];
    const timeMs = time
      ? Date.parse(`${date}T${clock}${zone?.length === 3 ? `${zone}:00` : zone}`)
      : Number.NaN;
    const { machines, toldMs, flags, length } = this.#batch;
    const text = detail.toLowerCase();
    let isFound = false;
    for (let row = 0; row < length; row++) {
      const isOfMachine = text.includes((machines[row] as Machine).id.toLowerCase());
      const isRow = toldMs[row] === timeMs || this.#count > SINGLE_MAX;
      const isReading = ((flags[row] as number) & READING) !== 0;
      if (!isOfMachine || !isRow || !isReading || this.has(target, row)) continue;
      this.add(target, row, message);
      isFound = true;
    }
    return isFound;
  }

  /** Topics whose rows were rejected before, but not in this batch. */
  *accepted(topics: ReadonlySet<string>, targets: readonly CopyTarget[]): Generator<string> {
    const { machines, length } = this.#batch;
    for (let row = 0; row < length; row++)
      for (const target of targets) {
        const topic = tableTopic(machines[row] as Machine, target);
        if (topics.has(topic) && !this.has(target, row)) yield topic;
      }
  }
}

/** The name for the rejected rows of a machine in a table. */
function tableTopic({ topic }: Machine, { table }: CopyTarget): string {
  return `${topic}/${table.name}`;
}

function keyOf({ table }: CopyTarget, row: number): string {
  return `${table.name} ${row}`;
}
