import type { SubmitOptions } from '../cluster/history/client.ts';
import type { Configuration } from '../config/configuration.ts';
import { fleetOf, type WindowRequest } from '../dataset/request.ts';
import { machinesOf, plannedTableRows } from '../dataset/window-reader.ts';
import { PROGRAM } from './command-line.ts';
import type { DatasetTask } from './dataset-request.ts';
import { Interruption } from './interruption.ts';
import { count, type ProgressLine, span } from './progress-line.ts';
import { stderrLog } from './stderr-log.ts';

/**
 * Stores a window in the tables of an EnMS, with the registry rows that its readings refer to, and
 * shows the progress.
 *
 * @returns The exit code of the process.
 * @throws StoreError, PostgresError if the database rejects it; never with a password.
 */
export async function toDatabase(
  { request, databaseUrl, isOnCluster }: DatasetTask & { readonly to: 'a database' },
  configuration: Configuration,
  progress: ProgressLine,
): Promise<number> {
  const { PostgresDatabase } = await import('../store/drivers/postgres.ts');
  const { addRegistryRows } = await import('../store/registry/create.ts');
  const { storeWindow } = await import('../dataset/database-window.ts');
  const interruption = new Interruption();
  const startMs = performance.now();
  const server = { connectionString: databaseUrl };
  const database = new PostgresDatabase(server);
  const { location } = database;
  const chosen = new Set(request.machineIds);
  const factories = request.factories
    .map((factory) => ({
      ...factory,
      machines: factory.machines.filter(({ id }) => chosen.has(id)),
    }))
    .filter(({ machines }) => machines.length > 0);
  try {
    const added = await addRegistryRows(database, factories);
    if (added.hasMadeTables) progress.say(`${PROGRAM}: created the tables in ${location}`);
    if (added.machines > 0)
      progress.say(`${PROGRAM}: added ${added.machines} machines to its registry`);
  } finally {
    await database.close();
  }
  const machines = machinesOf(fleetOf(request, 'actual'), request.machineIds);
  const allRows = plannedTableRows(request, machines);
  const { signal } = interruption;
  let rows = 0;
  const onProgress = (done: number) => {
    rows = done;
    progress.show(rows, allRows);
  };
  if (isOnCluster)
    await onCluster(request, databaseUrl, configuration, progress, { onProgress, signal });
  else
    await storeWindow(request, {
      ...{ server, signal },
      onRemark: (remark) => progress.say(`${PROGRAM}: ${remark}`),
      onRows: (more) => onProgress(rows + more),
    });
  if (interruption.signal.aborted && rows < allRows) {
    progress.say(
      `${PROGRAM}: interrupted; ${isOnCluster ? '' : 'the first '}${count(rows)} rows stored. ` +
        'Run the same command again to add the rest.',
    );
    return interruption.exitCode;
  }
  const lengthS = (performance.now() - startMs) / 1000;
  progress.result(`${location}: ${count(rows)} rows, ${span(lengthS)}`);
  return 0;
}

/** Has the workers of a cluster store a window; rows stored before an interruption stay. */
async function onCluster(
  request: WindowRequest,
  databaseUrl: string,
  configuration: Configuration,
  progress: ProgressLine,
  options: SubmitOptions,
): Promise<void> {
  const { submitToCluster } = await import('../cluster/history/generation.ts');
  const { windowJob } = await import('../cluster/history/job.ts');
  const { addWindow } = await import('../outputs/postgres/window.ts');
  // Adds no rows: it prepares the database once for all workers.
  await addWindow(
    { connectionString: databaseUrl },
    () => true,
    (remark) => progress.say(`${PROGRAM}: ${remark}`),
  );
  try {
    const work = windowJob(request, databaseUrl);
    await submitToCluster(configuration, stderrLog(progress), work, options);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
}
