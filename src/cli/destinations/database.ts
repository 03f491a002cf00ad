import type { SubmitOptions } from '../../cluster/history/client.ts';
import type { FactoryDescription } from '../../core/factory.ts';
import { FORMAT_NAMES } from '../../dataset/formats/index.ts';
import { factoriesEver, fleetOf, type WindowRequest } from '../../dataset/request.ts';
import { machinesOf, windowFilling } from '../../dataset/window-reader.ts';
import { DATABASE_URL, urlFaults } from '../../outputs/postgres/url.ts';
import { PROGRAM } from '../command-line.ts';
import { Interruption } from '../interruption.ts';
import { count } from '../progress-line.ts';
import { type Destination, FILES_ONLY, RowCount, type WriteJob } from './destination.ts';

/** The tables of an EnMS, with the registry rows that readings refer to. */
export const database: Destination = {
  name: 'a database',
  option: 'postgres',
  options: {
    postgres: {
      value: 'URL',
      about: 'Database of an EnMS: postgres://user@host/database, password in PGPASSWORD.',
    },
  },
  inapplicable: [...FILES_ONLY, 'format', 'true', 'clean'],
  formats: FORMAT_NAMES,
  isForCluster: true,
  read(options) {
    const url = options.readSecret('postgres', DATABASE_URL);
    for (const fault of url === undefined ? [] : urlFaults(url)) options.fault('postgres', fault);
    return (job) => store(job, url as string);
  },
};

async function store(job: WriteJob, connectionString: string): Promise<number> {
  const { window, isOnCluster, progress } = job;
  const { loadWindow } = await import('../../outputs/postgres/window.ts');
  const interruption = new Interruption();
  const { signal } = interruption;
  const onRemark = (remark: string) => progress.log.info({}, remark);
  const fleet = fleetOf(window, 'actual');
  const stored = new RowCount(window, fleet, progress);
  const location = await addRegistry(window, connectionString, onRemark);
  if (isOnCluster)
    await onCluster(job, connectionString, onRemark, { onProgress: stored.show, signal });
  else {
    const fill = windowFilling(window, fleet, stored.add, signal);
    const isUnique = !machinesOf(fleet, window.machineIds).some(({ story }) => story?.hasDefects);
    await loadWindow({ connectionString }, fill, onRemark, isUnique);
  }
  if (signal.aborted && stored.rows < stored.allRows) {
    progress.say(
      `${PROGRAM}: interrupted; ${isOnCluster ? '' : 'the first '}${count(stored.rows)} rows ` +
        'stored. Run the same command again to add the rest.',
    );
    return interruption.exitCode;
  }
  stored.finish(location);
  return 0;
}

/** The factories of the requested machines, without other machines. */
function factoriesIn(window: WindowRequest): readonly FactoryDescription[] {
  const chosen = new Set(window.machineIds);
  return factoriesEver(window)
    .map((factory) => ({
      ...factory,
      machines: factory.machines.filter(({ id }) => chosen.has(id)),
    }))
    .filter(({ machines }) => machines.length > 0);
}

/** Adds what is missing in the registry of a database; returns the database without secrets. */
async function addRegistry(
  window: WindowRequest,
  connectionString: string,
  onRemark: (remark: string) => void,
): Promise<string> {
  const { PostgresDatabase } = await import('../../store/drivers/postgres.ts');
  const { addRegistryRows } = await import('../../store/registry/create.ts');
  const database = new PostgresDatabase({ connectionString });
  try {
    const hasRegisters = window.registersFromMs !== undefined;
    const added = await addRegistryRows(database, factoriesIn(window), hasRegisters);
    if (added.hasMadeTables) onRemark(`created the tables in ${database.location}`);
    if (added.machines > 0) onRemark(`added ${added.machines} machines to its registry`);
  } finally {
    await database.close();
  }
  return database.location;
}

/** Has the workers of a cluster store a window; rows stored before an interruption stay. */
async function onCluster(
  { window, configuration, progress }: WriteJob,
  databaseUrl: string,
  onRemark: (remark: string) => void,
  options: SubmitOptions,
): Promise<void> {
  const { submitToCluster } = await import('../../cluster/history/generation.ts');
  const { windowJob } = await import('../../cluster/history/job.ts');
  const { addWindow } = await import('../../outputs/postgres/window.ts');
  // Adds no rows: it prepares the database once for all workers.
  await addWindow({ connectionString: databaseUrl }, () => true, onRemark);
  try {
    await submitToCluster(configuration, progress.log, windowJob(window, databaseUrl), options);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
}
