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

/** How long an export waits for an unreachable server [ms]. */
const EXPORT_WAIT_MS = 2000;

/**
 * Runs a job on the configured cluster.
 *
 * @throws ClusterError and DatasetError as {@link HistoryClient.submit} does; ConfigError if no
 *   server is configured.
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

/**
 * Generates datasets for a service: on the cluster if it has workers, otherwise in this process.
 */
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

  /** @throws DatasetError if generation fails. */
  readonly make: MakeDataset = async (request, { folder, ...options }) => {
    const client = await this.#client();
    if (!client) return this.#here(request, { folder, ...options });
    return manifestOf(await client.submit(datasetJob(request, folder), options));
  };

  async close(): Promise<void> {
    (await this.#redis?.catch(() => undefined))?.disconnect();
  }

  /** A client of the cluster. Undefined, with a line in the log, if the cluster cannot be used. */
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
      // If Redis goes away now, the request would wait until it returns.
      const late = sleep(EXPORT_WAIT_MS).then(() => false);
      if (await Promise.race([client.hasWorkers(), late])) return client;
      this.#log.info({}, 'the cluster has no workers: generating the export in this process');
    } catch (error) {
      this.#redis = undefined;
      const reason = (error as Error).message;
      this.#log.warn(
        { reason },
        'the cluster is unreachable: generating the export in this process',
      );
    }
    return undefined;
  }
}

/** The manifest of a dataset that the cluster has generated. */
export function manifestOf(result: WorkResult): Manifest {
  if (result.kind === 'manifest') return result.manifest;
  throw new DatasetError('the cluster returned no dataset');
}
