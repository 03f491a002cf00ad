import type pg from 'pg';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { finishDataset } from './dataset-folder.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import { PartitionWriter } from './partition-writer.ts';
import { databaseParts, type Plan, planOf, type ReadingsTask, type TruthTask } from './plan.ts';
import { type DatasetRequest, fleetOf, type Variant, type WindowRequest } from './request.ts';
import { type Truth, truthsOf } from './truth.ts';

/** What a worker process is made with: everything that its tasks follow from. */
export type Order =
  | {
      readonly kind: 'files';
      readonly request: DatasetRequest;
      readonly folder: string;
      /** What the fleet has to be, where another computer has planned it. */
      readonly fleetDigest?: string;
    }
  | {
      readonly kind: 'database';
      readonly request: WindowRequest;
      readonly server: pg.ClientConfig;
      readonly fleetDigest?: string;
    };

/** What a worker process is asked to do. */
export type Work =
  /** A task, by its place in the plan, which is the same in every process. */
  | { readonly kind: 'task'; readonly index: number }
  /** What makes a dataset whole, from what its tasks gave. */
  | {
      readonly kind: 'finish';
      readonly files: readonly FileEntry[];
      readonly truths: readonly Truth[];
    };

/** What came of it. */
export type WorkResult =
  | { readonly kind: 'files'; readonly files: readonly FileEntry[] }
  | { readonly kind: 'truths'; readonly truths: readonly Truth[] }
  | { readonly kind: 'stored'; readonly rows: number }
  | { readonly kind: 'manifest'; readonly manifest: Manifest };

interface Files {
  readonly plan: Plan;
  readonly writer: PartitionWriter;
}

/** Where the tasks of one order are done; what they have in common is kept from one to the next. */
export class Workplace {
  readonly #order: Order;
  readonly #fleets = new Map<Variant, Fleet>();
  readonly #files: Files | undefined;

  constructor(order: Order) {
    this.#order = order;
    if (order.kind === 'database') return;
    const plan = planOf(order.request, this.fleet('actual'));
    this.#files = { plan, writer: new PartitionWriter(order.request, plan, order.folder) };
  }

  fleet(variant: Variant): Fleet {
    const known = this.#fleets.get(variant) ?? fleetOf(this.#order.request, variant);
    this.#fleets.set(variant, known);
    return known;
  }

  /**
   * Does work, and makes way for nobody else before it is done.
   *
   * @param onRows - Is told of every batch how many rows it gave.
   */
  async do(work: Work, onRows: (rows: number) => void): Promise<WorkResult> {
    const order = this.#order;
    if (order.kind === 'database')
      return this.#store(order, work as Work & { kind: 'task' }, onRows);
    const { plan, writer } = this.#files as Files;
    if (work.kind === 'finish') {
      const { files, truths } = work;
      const manifest = await finishDataset(order.request, order.folder, plan, files, truths);
      return { kind: 'manifest', manifest };
    }
    const task = plan.tasks[work.index] as ReadingsTask | TruthTask;
    if (task.kind === 'truths') return this.#truths(task);
    return { kind: 'files', files: await writer.write(this.fleet(task.variant), task, onRows) };
  }

  #truths({ machineIds }: TruthTask): WorkResult {
    const { fromMs, toMs } = this.#order.request;
    const own = this.fleet('actual');
    const machines = machineIds.map((id) => own.byId.get(id) as Machine);
    return {
      kind: 'truths',
      truths: machines.flatMap((machine) => truthsOf(own, machine, fromMs, toMs)),
    };
  }

  async #store(
    { request, server }: Order & { readonly kind: 'database' },
    { index }: Work & { readonly kind: 'task' },
    onRows: (rows: number) => void,
  ): Promise<WorkResult> {
    const { storePart } = await import('./database-window.ts');
    const machineIds = databaseParts(request)[index] as readonly string[];
    let rows = 0;
    await storePart({ ...request, machineIds }, this.fleet('actual'), server, (more) => {
      rows += more;
      onRows(more);
    });
    return { kind: 'stored', rows };
  }
}
