/** A process that does the tasks of an order: is given it, then one after another. */
import { once } from 'node:events';
import type { Machine } from '../core/factory.ts';
import { warmUp } from '../simulation/warm-up.ts';
import { PostgresError } from '../sinks/postgres-error.ts';
import { DatasetError } from './dataset-error.ts';
import { finishDataset } from './dataset-folder.ts';
import type { Order, Work, WorkerAnswer, WorkResult } from './order.ts';
import { PartitionWriter } from './partition-writer.ts';
import { databaseParts, type Plan, planOf, type ReadingsTask, type TruthTask } from './plan.ts';
import { fleetDigest, fleetOf, type Variant } from './request.ts';
import { truthsOf } from './truth.ts';

/** Progress is told at most every so many rows. */
const ROWS_TOLD = 50_000;

// Signals reach all processes of a terminal or a service; the one that hired this one says what
// becomes of it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());
const { ppid } = process;

const order = (await once(process, 'message'))[0] as Order;
const fleets = new Map<Variant, ReturnType<typeof fleetOf>>();
const isOther =
  order.fleetDigest !== undefined && order.fleetDigest !== fleetDigest(fleet('actual'));
if (!isOther) warmUp(fleet('actual'), order.request.fromMs);
const plan = order.kind === 'files' ? planOf(order.request, fleet('actual')) : undefined;
const writer =
  order.kind === 'files' && plan && new PartitionWriter(order.request, plan, order.folder);

process.on('message', async (work: Work) => {
  try {
    say({ kind: 'done', result: await resultOf(work) });
  } catch (error) {
    const { message, stack } = error as Error;
    const isOurs = !(error instanceof DatasetError || error instanceof PostgresError);
    say({ kind: 'failed', message, stack: isOurs ? stack : undefined });
  }
});

say({ kind: isOther ? 'refused' : 'ready' });

function fleet(variant: Variant) {
  const known = fleets.get(variant) ?? fleetOf(order.request, variant);
  fleets.set(variant, known);
  return known;
}

async function resultOf(work: Work): Promise<WorkResult> {
  if (order.kind === 'database') return store(order, work as Work & { kind: 'task' });
  const { request, folder } = order;
  if (work.kind === 'finish') {
    const { files, truths } = work;
    const manifest = await finishDataset(request, folder, fleet('actual'), files, truths);
    return { kind: 'manifest', manifest };
  }
  const { tasks } = plan as Plan;
  const task = tasks[work.index] as ReadingsTask | TruthTask;
  if (task.kind === 'truths') return truths(task);
  const files = await counted((onRows) =>
    (writer as PartitionWriter).write(fleet(task.variant), task, onRows),
  );
  return { kind: 'files', files };
}

function truths({ machineIds }: TruthTask): WorkResult {
  const { fromMs, toMs } = order.request;
  const own = fleet('actual');
  const machines = machineIds.map((id) => own.byId.get(id) as Machine);
  return {
    kind: 'truths',
    truths: machines.flatMap((machine) => truthsOf(own, machine, fromMs, toMs)),
  };
}

async function store(
  { request, server }: Order & { readonly kind: 'database' },
  { index }: Work & { readonly kind: 'task' },
): Promise<WorkResult> {
  const { storePart } = await import('./database-window.ts');
  const machineIds = databaseParts(request)[index] as readonly string[];
  let rows = 0;
  await counted((onRows) =>
    storePart({ ...request, machineIds }, fleet('actual'), server, (more) => {
      rows += more;
      onRows(more);
    }),
  );
  return { kind: 'stored', rows };
}

/** Tells how far work is that makes rows; ends it where nobody is left to be told. */
async function counted<T>(work: (onRows: (rows: number) => void) => Promise<T>): Promise<T> {
  let untold = 0;
  const tell = () => {
    say({ kind: 'rows', rows: untold });
    untold = 0;
  };
  const result = await work((rows) => {
    untold += rows;
    if (untold < ROWS_TOLD) return;
    // The hot loop does not let the news of a lost connection through.
    if (process.ppid !== ppid) process.exit();
    tell();
  });
  tell();
  return result;
}

function say(answer: WorkerAnswer): void {
  process.send?.(answer);
}
