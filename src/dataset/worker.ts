/**
 * A process that does the tasks of an order: it receives the order first, then task after task.
 */
import { once } from 'node:events';
import { PostgresError } from '../outputs/postgres/error.ts';
import { warmUp } from '../simulation/warm-up.ts';
import { DatasetError } from './dataset-error.ts';
import { fleetDigest } from './request.ts';
import type { WorkerAnswer } from './worker-process.ts';
import { type Order, type Work, Workplace, type WorkResult } from './workplace.ts';

/** Rows between two reports of progress. */
const REPORTED_ROWS = 50_000;

// Signals reach all processes of a terminal or a service; the parent process decides when this one
// ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());
const { ppid } = process;

const order = (await once(process, 'message'))[0] as Order;
const workplace = new Workplace(order);
const fleet = workplace.fleet('actual');
const isOther = order.fleetDigest !== undefined && order.fleetDigest !== fleetDigest(fleet);
if (!isOther) warmUp(fleet, order.request.fromMs);

process.on('message', async (work: Work) => {
  try {
    send({ kind: 'done', result: await counted(work) });
  } catch (error) {
    const { message, stack } = error as Error;
    const isOurs = !(error instanceof DatasetError || error instanceof PostgresError);
    send({ kind: 'failed', message, stack: isOurs ? stack : undefined });
  }
});

send({ kind: isOther ? 'refused' : 'ready' });

/** Does work and reports its progress; ends the process when its parent is gone. */
async function counted(work: Work): Promise<WorkResult> {
  let unreported = 0;
  const report = () => {
    send({ kind: 'rows', rows: unreported });
    unreported = 0;
  };
  const result = await workplace.do(work, (rows) => {
    unreported += rows;
    if (unreported < REPORTED_ROWS) return;
    // The event that the connection is lost cannot arrive during the hot loop.
    if (process.ppid !== ppid) process.exit();
    report();
  });
  if (unreported > 0) report();
  return result;
}

function send(answer: WorkerAnswer): void {
  process.send?.(answer);
}
