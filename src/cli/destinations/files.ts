import { availableParallelism } from 'node:os';
import { FORMAT_NAMES, STREAM_FORMATS } from '../../dataset/formats/index.ts';
import type { GenerationOptions } from '../../dataset/generation.ts';
import type { Manifest } from '../../dataset/manifest.ts';
import { whole } from '../../schema/value-type.ts';
import { PROGRAM } from '../command-line.ts';
import { Interruption } from '../interruption.ts';
import { count, span } from '../progress-line.ts';
import type { Destination, WriteJob } from './destination.ts';
import { STDOUT } from './standard-output.ts';

/** Most worker processes: no machine has more cores. */
const WORKERS_MAX = 256;
/** The default folder. */
export const FOLDER_DEFAULT = 'dataset';

/** The files of a dataset, in a folder. */
export const files: Destination = {
  name: 'files',
  option: 'out',
  isMeant: (written) => written !== STDOUT,
  options: {
    workers: { value: 'NUMBER', about: 'Number of processes.', default: 'one per core' },
    out: {
      value: 'FOLDER',
      about: `Destination; - sends flat records (${STREAM_FORMATS.join(', ')}) to stdout.`,
      default: FOLDER_DEFAULT,
    },
  },
  inapplicable: [],
  formats: FORMAT_NAMES,
  isForCluster: true,
  read(options) {
    const folder = options.written('out') ?? FOLDER_DEFAULT;
    const workers = options.read('workers', whole(1, WORKERS_MAX)) ?? availableParallelism();
    return async (job) => {
      const { progress } = job;
      const interruption = new Interruption();
      const { signal } = interruption;
      const startMs = performance.now();
      const onProgress = (rows: number, allRows: number) => progress.show(rows, allRows);
      try {
        const manifest = await generated(job, { folder, workers, onProgress, signal });
        const rows = Object.values(manifest.rows).reduce((sum, each) => sum + each, 0);
        const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
        const seconds = (performance.now() - startMs) / 1000;
        progress.result(
          `${folder}: ${count(rows)} rows in ${manifest.files.length} files, ` +
            `${(bytes / 1e6).toFixed(1)} MB, ${span(seconds)}`,
          { destination: folder, rows, files: manifest.files.length, bytes, seconds },
        );
        return 0;
      } catch (error) {
        if (!signal.aborted) throw error;
        progress.say(`${PROGRAM}: ${(error as Error).message}`);
        return interruption.exitCode;
      }
    };
  },
};

/** Generates a dataset, here or on the cluster. */
async function generated(
  { dataset, isOnCluster, configuration, progress }: WriteJob,
  options: GenerationOptions,
): Promise<Manifest> {
  if (!isOnCluster) {
    const { generateDataset } = await import('../../dataset/generation.ts');
    return generateDataset(dataset, options);
  }
  const { submitToCluster, manifestOf } = await import('../../cluster/history/generation.ts');
  const { datasetJob } = await import('../../cluster/history/job.ts');
  const job = datasetJob(dataset, options.folder);
  return manifestOf(await submitToCluster(configuration, progress.log, job, options));
}
