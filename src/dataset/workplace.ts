import { join } from 'node:path';
import type pg from 'pg';
import { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { dayTotals, type KnownTotal } from '../simulation/register.ts';
import { type AnswerKey, AnswerKeys, keyScope } from './answer-key.ts';
import { finishDataset } from './dataset-folder.ts';
import type { TableWriter } from './formats/format.ts';
import { formatNamed } from './formats/index.ts';
import { labelledBatches } from './label-reader.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import {
  databaseParts,
  folderOfFile,
  type Plan,
  planOf,
  type ReadingsTask,
  type TableForm,
  type Task,
} from './plan.ts';
import { type DatasetRequest, fleetOf, type Variant, type WindowRequest } from './request.ts';
import {
  machinesOf,
  readingsIn,
  tableRows,
  windowBatches,
  windowFilling,
  windowReader,
} from './window-reader.ts';

/** Everything that the tasks of a worker process follow from; sent once, at its start. */
export type Order =
  | {
      readonly kind: 'files';
      readonly request: DatasetRequest;
      readonly folder: string;
      /** Digest of the submitter’s fleet, if the submitter is another computer. */
      readonly fleetDigest?: string;
    }
  | {
      readonly kind: 'database';
      readonly request: WindowRequest;
      readonly server: pg.ClientConfig;
      readonly fleetDigest?: string;
    };
type FilesOrder = Order & { readonly kind: 'files' };

/** Work for a worker process. */
export type Work =
  /** A task, by its index in the plan, which is the same in every process. */
  | { readonly kind: 'task'; readonly index: number }
  /** Counts the energy register of a machine up to an instant, for all processes. */
  | ({ readonly kind: 'count'; readonly toMs: number } & CountedMachine)
  /** Takes what others have counted. */
  | { readonly kind: 'remember'; readonly counts: readonly Counted[] }
  /** Completes a dataset from the results of its tasks. */
  | {
      readonly kind: 'finish';
      readonly files: readonly FileEntry[];
      readonly truths: readonly AnswerKey[];
    };

/** A machine whose register is counted once, although several tasks begin inside the window. */
export interface CountedMachine {
  readonly variant: Variant;
  readonly machineId: string;
}

/** The totals of a register that have been counted. */
export interface Counted extends CountedMachine {
  readonly told: readonly KnownTotal[];
  readonly true: readonly KnownTotal[];
}

/** The result of work. */
export type WorkResult =
  | { readonly kind: 'counted'; readonly counted: Counted }
  | { readonly kind: 'remembered' }
  | { readonly kind: 'files'; readonly files: readonly FileEntry[] }
  | { readonly kind: 'truths'; readonly truths: readonly AnswerKey[] }
  | { readonly kind: 'stored'; readonly rows: number }
  | { readonly kind: 'manifest'; readonly manifest: Manifest };

/**
 * Carries out one order in this process. It keeps what tasks share: fleets, the plan, and
 * encoders, whose code is compiled once, not once per day of readings.
 */
export class Workplace {
  readonly #order: Order;
  readonly #fleets = new Map<Variant, Fleet>();
  readonly #plan: Plan | undefined;
  readonly #batch = new Batch();
  #keys: AnswerKeys | undefined;
  readonly #files = new Memo(({ layout, labels }: TableForm) => {
    const { format, compression } = (this.#order as FilesOrder).request;
    return formatNamed(format).tableFiles(layout, labels, compression);
  });

  constructor(order: Order) {
    this.#order = order;
    if (order.kind === 'files') this.#plan = planOf(order.request, this.fleet('actual'));
  }

  fleet(variant: Variant): Fleet {
    const known = this.#fleets.get(variant) ?? fleetOf(this.#order.request, variant);
    this.#fleets.set(variant, known);
    return known;
  }

  /**
   * Does one piece of work; start the next one only when it is done.
   *
   * @param onRows - Called after each batch with its number of rows.
   */
  async do(work: Work, onRows: (rows: number) => void): Promise<WorkResult> {
    if (this.#order.kind === 'database')
      return { kind: 'stored', rows: await this.#store(this.#order, work, onRows) };
    const { request, folder } = this.#order;
    const plan = this.#plan as Plan;
    if (work.kind === 'finish') {
      const manifest = await finishDataset(request, folder, plan, work.files, work.truths);
      return { kind: 'manifest', manifest };
    }
    if (work.kind === 'count') return { kind: 'counted', counted: this.#count(request, work) };
    if (work.kind === 'remember') {
      for (const { variant, machineId, ...totals } of work.counts) {
        const own = dayTotals(this.fleet(variant).byId.get(machineId) as Machine);
        for (const layer of ['told', 'true'] as const) own[layer].restore(totals[layer]);
      }
      return { kind: 'remembered' };
    }
    const task = plan.tasks[work.index] as Task;
    if (task.kind === 'readings')
      return { kind: 'files', files: await this.#write(this.#order, task, onRows) };
    const { fleet } = plan;
    this.#keys ??= new AnswerKeys(fleet, request, keyScope(request));
    return { kind: 'truths', truths: [this.#keys.of(machinesOf(fleet, task.machineIds))] };
  }

  #count(request: DatasetRequest, { variant, machineId, toMs }: Work & { kind: 'count' }): Counted {
    const fleet = this.fleet(variant);
    windowReader({ ...request, machineIds: [machineId] }, fleet).seek(toMs);
    const { told, true: truth } = dayTotals(fleet.byId.get(machineId) as Machine);
    return { variant, machineId, told: told.all, true: truth.all };
  }

  /**
   * Reads one factory and one partition and writes its tables. The files depend neither on what
   * was read before nor on the process.
   *
   * @throws DatasetError if a file cannot be written; no partial file is left.
   */
  async #write(
    { request, folder }: FilesOrder,
    { variant, machineIds, fromMs, toMs, files }: ReadingsTask,
    onRows: (rows: number) => void,
  ): Promise<FileEntry[]> {
    const part = { ...request, machineIds, fromMs, toMs };
    const fleet = this.fleet(variant);
    const rows = request.wide
      ? labelledBatches(part, request.wide.split, fleet, this.#batch)
      : windowBatches(part, fleet, this.#batch);
    const writers: TableWriter[] = [];
    try {
      for (const file of files) {
        const begin = await this.#files.of(file.form);
        writers.push(begin(join(folderOfFile(file, request, folder), file.path)));
      }
      for (const batch of rows) {
        for (const writer of writers) await writer.add(batch);
        onRows(request.wide ? readingsIn(batch) : tableRows(batch));
      }
      const entries: FileEntry[] = [];
      for (const [i, { form: _form, isSealed: _is, ...file }] of files.entries())
        entries.push({ ...file, ...(await (writers[i] as TableWriter).finish()) });
      return entries;
    } catch (error) {
      for (const writer of writers) writer.abandon();
      throw error;
    }
  }

  /** Stores the machines of one task; returns the number of rows. */
  async #store(
    { request, server }: Order & { readonly kind: 'database' },
    work: Work,
    onRows: (rows: number) => void,
  ): Promise<number> {
    const { addWindow } = await import('../outputs/postgres/window.ts');
    const { index } = work as Work & { readonly kind: 'task' };
    const machineIds = databaseParts(request)[index] as readonly string[];
    let rows = 0;
    const part = { ...request, machineIds };
    const fill = windowFilling(part, this.fleet('actual'), (more) => {
      rows += more;
      onRows(more);
    });
    await addWindow(server, fill);
    return rows;
  }
}
