/** A process that does the tasks of an order: is given it, then one after another. */
import { once } from 'node:events';
import { PostgresError } from '../outputs/postgres/error.ts';
import { warmUp } from '../simulation/warm-up.ts';
import { DatasetError } from './dataset-error.ts';
import { fleetDigest } from './request.ts';
import type { WorkerAnswer } from './worker-process.ts';
import { type Order, type Work, Workplace, type WorkResult } from './workplace.ts';

/** Progress is told at most every so many rows. */
const ROWS_TOLD = 50_000;

// Signals reach all processes of a terminal or a service; the one that hired this one says what
// becomes of it.
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
    say({ kind: 'done', result: await counted(work) });
  } catch (error) {
    const { message, stack } = error as Error;
    const isOurs = !(error instanceof DatasetError || error instanceof PostgresError);
    say({ kind: 'failed', message, stack: isOurs ? stack : undefined });
  }
});

say({ kind: isOther ? 'refused' : 'ready' });

/** Does work and tells how far it is; ends it where nobody is left to be told. */
async function counted(work: Work): Promise<WorkResult> {
  let untold = 0;
  const tell = () => {
    say({ kind: 'rows', rows: untold });
    untold = 0;
  };
  const result = await workplace.do(work, (rows) => {
    untold += rows;
    if (untold < ROWS_TOLD) return;
    // The hot loop does not let the news of a lost connection through.
    if (process.ppid !== ppid) process.exit();
    tell();
  });
  if (untold > 0) tell();
  return result;
}

function say(answer: WorkerAnswer): void {
  process.send?.(answer);
}
