import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import type { Format } from '../dataset/formats/format.ts';
import { FORMAT_NAMES, FORMATS, STREAM_FORMATS } from '../dataset/formats/index.ts';
import type { Manifest } from '../dataset/manifest.ts';
import { type DatasetRequest, fleetOf } from '../dataset/request.ts';
import { machinesOf, plannedTableRows } from '../dataset/window-reader.ts';
import { choice } from '../schema/value-type.ts';
import { BROKER_OPTIONS, environmentWith } from './broker-url.ts';
import { type Command, fleetSize, type Terminal } from './command.ts';
import { PROGRAM } from './command-line.ts';
import { type DatasetTask, FOLDER_DEFAULT, readDatasetOptions } from './dataset-request.ts';
import { Interruption } from './interruption.ts';
import { count, ProgressLine, span } from './progress-line.ts';
import { stderrLog } from './stderr-log.ts';
import { WINDOW_OPTIONS } from './window-options.ts';

const [parquet, ...others] = FORMATS;

/** The compression methods of some formats: `gzip or none`. */
function methodsOf(...formats: readonly Format[]): string {
  const methods = new Set(formats.flatMap(({ compressions }) => compressions));
  methods.delete('none');
  return choice([...methods, 'none']).expected;
}

/** Writes history with its answer key, as fast as possible. */
export const generate: Command = {
  name: 'generate',
  about: 'Write the readings of a window to files, a database or a broker, at full speed.',
  options: {
    ...WINDOW_OPTIONS,
    resample: {
      value: 'SPAN',
      about: 'Resample to a longer interval: 60s, 15m; a multiple of every machine’s interval.',
      default: 'the interval of each machine',
    },
    format: {
      value: 'FORMAT',
      about: `${choice(FORMAT_NAMES).expected}.`,
      default: FORMAT_NAMES[0] as string,
    },
    compress: {
      value: 'METHOD',
      about: `Parquet: ${methodsOf(parquet)}. Others: ${methodsOf(...others)}.`,
      default: `${parquet.compressions[0]}, others ${others[0].compressions[0]}`,
    },
    partition: {
      value: 'SPAN',
      about: 'Time span of a file: day or month.',
      default: 'day up to 92 days, else month',
    },
    labels: { about: 'Add the columns anomaly (0, 1) and anomaly_type to every table.' },
    clean: { about: 'Also write the twin without anomalies to clean/.' },
    cluster: { about: 'Use the workers of a cluster (REDIS_URL), see docs/scale.md.' },
    workers: { value: 'NUMBER', about: 'Number of processes.', default: 'one per core' },
    out: {
      value: 'FOLDER',
      about: `Destination; - sends flat records (${STREAM_FORMATS.join(', ')}) to stdout.`,
      default: FOLDER_DEFAULT,
    },
    postgres: {
      value: 'URL',
      about: 'Database of an EnMS: postgres://user@host/database, password in PGPASSWORD.',
    },
    ...BROKER_OPTIONS,
  },
  async execute(args, terminal) {
    const { factory, mqtt } = args.values;
    const configuration = loadConfiguration({
      options: { factory, machines: fleetSize(args.values) },
      env: environmentWith(mqtt),
    });
    const task = readDatasetOptions(args, configuration);
    const progress = new ProgressLine(terminal);
    for (const remark of configuration.remarks) progress.say(remark);
    try {
      switch (task.to) {
        case 'files':
          return await toFolder(task, configuration, progress);
        case 'standard output':
          return await toStdout(task.request, progress, terminal);
        case 'a database': {
          const { toDatabase } = await import('./database-output.ts');
          return await toDatabase(task, configuration, progress);
        }
        case 'a broker': {
          const { toBroker } = await import('./broker-output.ts');
          const { AT_ONCE } = await import('../dataset/publication.ts');
          const pacing = { clock: AT_ONCE, catchUpRate: 0 };
          return await toBroker(task.request, task.broker, configuration, pacing, progress);
        }
      }
    } finally {
      progress.end();
    }
  },
};

async function toFolder(
  task: DatasetTask & { readonly to: 'files' },
  configuration: Configuration,
  progress: ProgressLine,
): Promise<number> {
  const interruption = new Interruption();
  const startMs = performance.now();
  const { folder } = task;
  try {
    const manifest = await made(task, configuration, progress, interruption.signal);
    const rows = Object.values(manifest.rows).reduce((sum, each) => sum + each, 0);
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    progress.result(
      `${folder}: ${count(rows)} rows in ${manifest.files.length} files, ` +
        `${(bytes / 1e6).toFixed(1)} MB, ${span((performance.now() - startMs) / 1000)}`,
    );
    return 0;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    progress.say(`${PROGRAM}: ${(error as Error).message}`);
    return interruption.exitCode;
  }
}

/** Generates a dataset, here or on the cluster. */
async function made(
  { request, folder, workers, isOnCluster }: DatasetTask & { readonly to: 'files' },
  configuration: Configuration,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<Manifest> {
  const onProgress = (rows: number, allRows: number) => progress.show(rows, allRows);
  if (!isOnCluster) {
    const { generateDataset } = await import('../dataset/generation.ts');
    return generateDataset(request, { folder, workers, onProgress, signal });
  }
  const { submitToCluster, manifestOf } = await import('../cluster/history/generation.ts');
  const { datasetJob } = await import('../cluster/history/job.ts');
  const log = stderrLog(progress);
  return manifestOf(
    await submitToCluster(configuration, log, datasetJob(request, folder), { onProgress, signal }),
  );
}

async function toStdout(
  request: DatasetRequest,
  progress: ProgressLine,
  { stdout }: Terminal,
): Promise<number> {
  const { streamFlat } = await import('../dataset/flat-stream.ts');
  stdout.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') return;
    progress.say(`${PROGRAM}: the reader of standard output has closed the pipe`);
    process.exit(1);
  });
  const machines = machinesOf(fleetOf(request, 'actual'), request.machineIds);
  const allRows = plannedTableRows(request, machines);
  let rows = 0;
  await streamFlat(request, stdout, (more) => {
    rows += more;
    progress.show(rows, allRows);
  });
  return 0;
}
