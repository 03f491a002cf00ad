import { availableParallelism } from 'node:os';
import type { Configuration } from '../config/configuration.ts';
import { intervalVariable } from '../config/variables.ts';
import {
  ALL_COMPRESSIONS,
  COMPRESSIONS,
  FORMAT_NAMES,
  type FormatName,
  STREAM_FORMATS,
} from '../dataset/formats/index.ts';
import { suitablePartition } from '../dataset/plan.ts';
import type { DatasetRequest, WindowRequest } from '../dataset/request.ts';
import { timeText } from '../encoding/time.ts';
import type { MqttOptions } from '../outputs/mqtt/options.ts';
import { DATABASE_URL, urlFaults } from '../outputs/postgres/url.ts';
import { version } from '../runtime/version.ts';
import { duration, durationText } from '../schema/times.ts';
import { choice, whole } from '../schema/value-type.ts';
import { readBroker } from './broker-url.ts';
import type { Arguments } from './command.ts';
import { PROGRAM } from './command-line.ts';
import { OptionReader } from './option-reader.ts';
import { readWindow } from './window-options.ts';

/** Most worker processes: no machine has more cores. */
const WORKERS_MAX = 256;
/** Longest resampling interval: a day [s]. */
const RESAMPLE_MAX_S = 86_400;
/** Stands for standard output instead of a folder. */
const STDOUT = '-';
/** The default folder. */
export const FOLDER_DEFAULT = 'dataset';

const RESAMPLE = duration(0.1, RESAMPLE_MAX_S);

/** The requested data and their destination. */
export type DatasetTask =
  | {
      readonly to: 'files';
      readonly request: DatasetRequest;
      readonly folder: string;
      readonly workers: number;
      readonly isOnCluster: boolean;
    }
  | { readonly to: 'standard output'; readonly request: DatasetRequest }
  | {
      readonly to: 'a database';
      readonly request: WindowRequest;
      readonly databaseUrl: string;
      readonly isOnCluster: boolean;
    }
  | { readonly to: 'a broker'; readonly request: WindowRequest; readonly broker: MqttOptions };

/** Options that apply to some destinations only. */
const ONLY_FILES = ['compress', 'partition', 'labels', 'workers'] as const;
const ONLY_ROWS = [...ONLY_FILES, 'format', 'clean'] as const;

/** @throws ConfigError with all errors in the options. */
export function readDatasetOptions(args: Arguments, configuration: Configuration): DatasetTask {
  const options = new OptionReader(args);
  const to = destination(options);
  const inapplicableOptions: readonly string[] =
    to === 'files' ? [] : to === 'standard output' ? ONLY_FILES : ONLY_ROWS;
  for (const name of inapplicableOptions)
    if (options.isGiven(name)) options.fault(name, `applies to files, not to ${to}`);
  const isOnCluster = readClusterFlag(options, to, configuration);
  if (to !== 'a broker' && options.isGiven('qos')) options.fault('qos', 'requires --mqtt');

  const window = resampled(options, readWindow(options, configuration), configuration);
  const request = fileRequest(options, window, args, configuration, to);
  const workers = options.read('workers', whole(1, WORKERS_MAX)) ?? availableParallelism();
  const databaseUrl = options.readSecret('postgres', DATABASE_URL) as string;
  if (databaseUrl) for (const fault of urlFaults(databaseUrl)) options.fault('postgres', fault);
  const broker = readBroker(options, configuration) as MqttOptions;
  options.check();
  switch (to) {
    case 'files':
      return {
        to,
        request,
        folder: options.written('out') ?? FOLDER_DEFAULT,
        workers,
        isOnCluster,
      };
    case 'standard output':
      return { to, request };
    case 'a database':
      return { to, request: window, databaseUrl, isOnCluster };
    case 'a broker':
      return { to, request: window, broker };
  }
}

/** Whether the workers of a cluster do the work. */
function readClusterFlag(
  options: OptionReader,
  to: DatasetTask['to'],
  { cluster }: Configuration,
): boolean {
  if (!options.isGiven('cluster')) return false;
  if (to === 'standard output' || to === 'a broker')
    options.fault('cluster', `applies to files and databases, not to ${to}`);
  if (options.isGiven('workers'))
    options.fault(
      'workers',
      'applies to one computer; the workers of a cluster have --concurrency',
    );
  if (cluster.redisUrl === undefined)
    options.fault('cluster', 'needs REDIS_URL, the Redis server of its workers');
  return true;
}

function destination(options: OptionReader): DatasetTask['to'] {
  const given = ['out', 'postgres', 'mqtt'].filter((name) => options.isGiven(name));
  for (const other of given.slice(1))
    options.fault(other, `is a second destination besides --${given[0]}; give only one`);
  if (given[0] === 'postgres') return 'a database';
  if (given[0] === 'mqtt') return 'a broker';
  return options.written('out') === STDOUT ? 'standard output' : 'files';
}

/** The window with its resampling interval, if one is given. */
function resampled(
  options: OptionReader,
  window: WindowRequest,
  { factories }: Configuration,
): WindowRequest {
  const resampleS = options.read('resample', RESAMPLE);
  if (resampleS === undefined) return window;
  const resampleMs = Math.round(1000 * resampleS);
  const chosen = new Set(window.machineIds);
  for (const { id, name, intervalS } of factories.flatMap(({ machines }) => machines))
    if (chosen.has(id) && resampleMs % Math.round(1000 * intervalS) !== 0)
      options.fault(
        'resample',
        `${durationText(resampleS)} is not a multiple of ${durationText(intervalS)}, ` +
          `the interval of ${name}`,
      );
  return { ...window, resampleMs };
}

/** The request for a dataset, for files and standard output. */
function fileRequest(
  options: OptionReader,
  window: WindowRequest,
  { values }: Arguments,
  configuration: Configuration,
  to: DatasetTask['to'],
): DatasetRequest {
  const accepted = to === 'standard output' ? STREAM_FORMATS : FORMAT_NAMES;
  const format = options.read('format', choice(FORMAT_NAMES)) ?? (accepted[0] as FormatName);
  const methods = COMPRESSIONS[format];
  const compression = options.read('compress', choice(ALL_COMPRESSIONS)) ?? methods[0];
  if (!methods.includes(compression))
    options.fault('compress', `${format} files are written with ${methods.join(' or ')}`);
  if (!accepted.includes(format))
    options.fault('format', `${to} accepts ${choice(accepted).expected}`);
  const request = {
    ...window,
    version,
    format,
    compression,
    partition:
      options.read('partition', PARTITION) ?? suitablePartition(window.fromMs, window.toMs),
    hasLabels: options.isGiven('labels'),
    hasClean: options.isGiven('clean'),
  };
  return { ...request, command: commandOf(request, values, configuration) };
}

const PARTITION = choice(['day', 'month']);

/** Variables that change the content of a dataset, besides those of intervals. */
const CONTENT_VARIABLES =
  /^(SHIFT_\d_\w+|WEEKEND_\w+|ANOMALY_PROBABILITY|SIMULATOR_ENABLE_ANOMALIES|FLEET_MACHINES)$/;

/** The command line that reproduces a dataset, whatever its destination and number of workers. */
function commandOf(
  request: Omit<DatasetRequest, 'command'>,
  { machines }: Arguments['values'],
  { factories, shown, sources }: Configuration,
): string {
  const intervals = new Set<string | undefined>(
    factories.flatMap((factory) => factory.machines.map(({ type }) => intervalVariable(type))),
  );
  const variables = Object.keys(shown)
    .filter((name) => sources[name] === 'environment' || sources[name] === '.env')
    .filter((name) => CONTENT_VARIABLES.test(name) || intervals.has(name))
    .map((name) => `${name}=${shown[name]}`);
  const file = shown['FACTORY_FILE'];
  const { fromMs, toMs, seed, format, compression, partition, hasLabels, hasClean } = request;
  const { resampleMs } = request;
  const instant = (timeMs: number) => (Number.isNaN(timeMs) ? '' : timeText(timeMs));
  return [
    ...variables,
    PROGRAM,
    'generate',
    `--from ${instant(fromMs)} --to ${instant(toMs)} --seed ${seed}`,
    ...(file ? [`--factory ${quoted(String(file))}`] : []),
    ...(machines ? [`--machines ${quoted(machines)}`] : []),
    ...(resampleMs === undefined ? [] : [`--resample ${durationText(resampleMs / 1000)}`]),
    `--format ${format} --compress ${compression} --partition ${partition}`,
    ...(hasLabels ? ['--labels'] : []),
    ...(hasClean ? ['--clean'] : []),
  ].join(' ');
}

/** Quotes a word for a shell. */
function quoted(word: string): string {
  return /^[\w./,:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
