import type { Redis } from 'ioredis';
import type { Configuration } from '../../config/configuration.ts';
import { DatasetError } from '../../dataset/dataset-error.ts';
import type { Manifest } from '../../dataset/manifest.ts';
import type { WorkResult } from '../../dataset/workplace.ts';
import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { MakeDataset } from '../../service/exports.ts';
import { clusterUrl, openRedis, redisLocation } from '../connection.ts';
import { HistoryClient, type SubmitOptions } from './client.ts';
import { datasetJob, type HistoryJob } from './job.ts';

/** An export does not wait for a server that is away for longer [ms]. */
const EXPORT_WAIT_MS = 2000;

/**
 * Has work done by the cluster that is configured.
 *
 * @throws ClusterError, DatasetError, as {@link HistoryClient.submit}; ConfigError without a server.
 */
export async function submitToCluster(
  configuration: Configuration,
  log: Log,
  job: HistoryJob,
  options: SubmitOptions,
): Promise<WorkResult> {
  const url = clusterUrl(configuration);
  const redis = await openRedis(url, log, options.signal ? { signal: options.signal } : {});
  const { prefix } = configuration.cluster;
  const client = new HistoryClient({ redis, prefix, where: redisLocation(url), log });
  try {
    return await client.submit(job, options);
  } finally {
    redis.disconnect();
  }
}

/** Makes datasets for a service: on the cluster where its workers are there, else here. */
export class ClusterGeneration {
  readonly #configuration: Configuration;
  readonly #log: Log;
  readonly #here: MakeDataset;
  #redis: Promise<Redis> | undefined;

  constructor(configuration: Configuration, log: Log, here: MakeDataset) {
    this.#configuration = configuration;
    this.#log = log;
    this.#here = here;
  }

  /** @throws DatasetError where it cannot be made. */
  readonly make: MakeDataset = async (request, { folder, ...options }) => {
    const client = await this.#client();
    if (!client) return this.#here(request, { folder, ...options });
    return manifestOf(await client.submit(datasetJob(request, folder), options));
  };

  async close(): Promise<void> {
    (await this.#redis?.catch(() => undefined))?.disconnect();
  }

  /** Undefined where no cluster is there to be asked, which is said. */
  async #client(): Promise<HistoryClient | undefined> {
    const url = clusterUrl(this.#configuration);
    this.#redis ??= openRedis(url, this.#log, { waitMs: EXPORT_WAIT_MS });
    try {
      const redis = await this.#redis;
      const { prefix } = this.#configuration.cluster;
      const client = new HistoryClient({
        redis,
        prefix,
        where: redisLocation(url),
        log: this.#log,
      });
      // Redis may go away just now, and the question would wait until it is back.
      const late = sleep(EXPORT_WAIT_MS).then(() => false);
      if (await Promise.race([client.hasWorkers(), late])) return client;
      this.#log.info({}, 'no worker of the cluster is there: an export is made here');
    } catch (error) {
      this.#redis = undefined;
      const reason = (error as Error).message;
      this.#log.warn({ reason }, 'no cluster is there: an export is made here');
    }
    return undefined;
  }
}

/** The manifest of a dataset that a cluster has made. */
export function manifestOf(result: WorkResult): Manifest {
  if (result.kind === 'manifest') return result.manifest;
  throw new DatasetError('the cluster has made no dataset');
}
