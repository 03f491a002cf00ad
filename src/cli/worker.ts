import { availableParallelism } from 'node:os';
import { clusterUrl, openRedis, redisLocation } from '../cluster/connection.ts';
import type { HistoryWorkerOptions } from '../cluster/history/worker.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { choice, whole } from '../schema/value-type.ts';
import { type Command, FACTORY_OPTION } from './command.ts';
import { stopSignal } from './interruption.ts';
import { createLogger } from './logger.ts';
import { OptionReader } from './option-reader.ts';

/** Most concurrent tasks: no machine has more cores. */
const CONCURRENCY_MAX = 256;

/** What every part of a worker needs. */
type Workplace = Omit<HistoryWorkerOptions, 'server'> & { readonly configuration: Configuration };

/** The parts of a worker; each settles when its signal is aborted. */
const PARTS = {
  history: async ({ configuration, ...place }: Workplace) => {
    const { workOnHistory } = await import('../cluster/history/worker.ts');
    await workOnHistory({ ...place, server: configuration.database });
  },
  live: async ({ configuration, log, signal }: Workplace) => {
    const { runShards } = await import('../cluster/live/worker.ts');
    await runShards(configuration, log, signal);
  },
} as const;

const PART_NAMES = Object.keys(PARTS) as readonly (keyof typeof PARTS)[];

/** Runs as a cluster worker until it receives a signal to stop. */
export const worker: Command = {
  name: 'worker',
  about: 'Run as a worker of a cluster (REDIS_URL), on any number of computers.',
  options: {
    concurrency: { value: 'NUMBER', about: 'Concurrent tasks.', default: 'one per core' },
    only: {
      value: 'PART',
      about: `${PART_NAMES.join(' or ')}.`,
      choices: PART_NAMES,
      default: 'history, and live with CLUSTER=true',
    },
    ...FACTORY_OPTION,
  },
  examples: ['worker', 'worker --only live', 'worker --concurrency 4'],
  async execute(args) {
    const options = new OptionReader(args);
    const requested = options.read('concurrency', whole(1, CONCURRENCY_MAX));
    const only = options.read('only', choice(PART_NAMES));
    options.check();
    const { factory } = args.values;
    const configuration = loadConfiguration({ options: { factory, isCluster: only === 'live' } });
    const url = clusterUrl(configuration);
    const log = await createLogger(configuration.logLevel, process.stdout.isTTY === true);
    const signal = stopSignal(
      log,
      'stopping: returning unfinished tasks',
      'not every task was returned in time; other workers take over the rest',
    );
    const redis = await openRedis(url, log, { signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (!redis) return 0;
    const { prefix } = configuration.cluster;
    const where = redisLocation(url);
    const concurrency = requested ?? availableParallelism();
    // A part that fails stops the others.
    const failed = new AbortController();
    const ending = AbortSignal.any([signal, failed.signal]);
    const place = { configuration, redis, prefix, where, log, concurrency, signal: ending };
    const isLive = configuration.cluster.isLive;
    const names = only ? [only] : PART_NAMES.filter((name) => name !== 'live' || isLive);
    const parts = names.map((name) => PARTS[name](place).finally(() => failed.abort()));
    try {
      await Promise.allSettled(parts);
      await Promise.all(parts);
    } finally {
      redis.disconnect();
    }
    log.info({}, 'ended');
    return 0;
  },
};
