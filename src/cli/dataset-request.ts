import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { intervalVariable } from '../config/variables.ts';
import {
  ALL_COMPRESSIONS,
  COMPRESSIONS,
  FORMAT_NAMES,
  type FormatName,
} from '../dataset/formats/index.ts';
import { suitablePartition } from '../dataset/plan.ts';
import {
  type DatasetRequest,
  factoriesEver,
  storiesOf,
  type WindowRequest,
} from '../dataset/request.ts';
import { SPLIT, SPLIT_DEFAULT } from '../dataset/split.ts';
import { timeText } from '../encoding/time.ts';
import { version } from '../runtime/version.ts';
import { duration, durationText } from '../schema/times.ts';
import { choice } from '../schema/value-type.ts';
import { storiesWithout } from '../stories/index.ts';
import type { Arguments } from './command.ts';
import { PROGRAM } from './command-line.ts';
import type { Destination, Write, WriteJob } from './destinations/destination.ts';
import { FOLDER_DEFAULT } from './destinations/files.ts';
import { DESTINATIONS } from './destinations/index.ts';
import { OptionReader } from './option-reader.ts';
import { readToldWindow } from './scenario-files.ts';

/** Longest resampling interval: a day [s]. */
const RESAMPLE_MAX_S = 86_400;
const RESAMPLE = duration(0.1, RESAMPLE_MAX_S);

/** What `generate` is to write, and how it gets to its destination. */
export interface GenerateTask extends Pick<WriteJob, 'window' | 'dataset' | 'isOnCluster'> {
  /** What is accepted and may not be meant, in sentences. */
  readonly remarks: readonly string[];
  readonly write: Write;
}

/** @throws ConfigError with all errors in the options. */
export function readGenerateOptions(args: Arguments, configuration: Configuration): GenerateTask {
  const options = new OptionReader(args);
  const destination = chosenDestination(options);
  for (const name of destination.inapplicable)
    if (options.isGiven(name)) options.fault(name, `applies to files, not to ${destination.name}`);
  const isOnCluster = readClusterFlag(options, destination, configuration);
  const window = resampled(options, readToldWindow(options, configuration));
  const dataset = readDataset(options, window, args, configuration, destination);
  // The options of the others are checked, too, so that all errors are found.
  const writes = new Map(DESTINATIONS.map((each) => [each, each.read(options, configuration)]));
  options.check();
  const remarks = sealRemarks(options, dataset);
  return { window, dataset, isOnCluster, remarks, write: writes.get(destination) as Write };
}

function chosenDestination(options: OptionReader): Destination {
  const [first, ...others] = DESTINATIONS.filter(({ option, isMeant = () => true }) => {
    const written = options.written(option);
    return written !== undefined && isMeant(written);
  });
  for (const { option } of others)
    options.fault(option, `is a second destination besides --${first?.option}; give only one`);
  return first ?? (DESTINATIONS[0] as Destination);
}

/** Whether the workers of a cluster do the work. */
function readClusterFlag(
  options: OptionReader,
  { isForCluster, name }: Destination,
  { cluster }: Configuration,
): boolean {
  if (!options.isGiven('cluster')) return false;
  if (!isForCluster) options.fault('cluster', `applies to files and databases, not to ${name}`);
  if (options.isGiven('workers'))
    options.fault(
      'workers',
      'applies to one computer; the workers of a cluster have --concurrency',
    );
  if (cluster.redisUrl === undefined)
    options.fault('cluster', 'needs REDIS_URL, the Redis server of its workers');
  return true;
}

/** The window with its resampling interval, if one is given. */
function resampled(options: OptionReader, window: WindowRequest): WindowRequest {
  const resampleS = options.read('resample', RESAMPLE);
  if (resampleS === undefined) return window;
  const resampleMs = Math.round(1000 * resampleS);
  const chosen = new Set(window.machineIds);
  for (const { id, name, intervalS } of factoriesEver(window).flatMap((each) => each.machines))
    if (chosen.has(id) && resampleMs % Math.round(1000 * intervalS) !== 0)
      options.fault(
        'resample',
        `${durationText(resampleS)} is not a multiple of ${durationText(intervalS)}, ` +
          `the interval of ${name}`,
      );
  return { ...window, resampleMs };
}

/** The window as a dataset. */
function readDataset(
  options: OptionReader,
  window: WindowRequest,
  args: Arguments,
  configuration: Configuration,
  { name, formats }: Destination,
): DatasetRequest {
  const format = options.read('format', choice(FORMAT_NAMES)) ?? (formats[0] as FormatName);
  const methods = COMPRESSIONS[format];
  const compression = options.read('compress', choice(ALL_COMPRESSIONS)) ?? methods[0];
  if (!methods.includes(compression))
    options.fault('compress', `${format} files are written with ${methods.join(' or ')}`);
  if (!formats.includes(format))
    options.fault('format', `${name} accepts ${choice(formats).expected}`);
  const wide = readWide(options);
  const partition = options.read('partition', PARTITION);
  const request = {
    ...window,
    version,
    format,
    compression,
    partition: wide ? 'whole' : (partition ?? suitablePartition(window.fromMs, window.toMs)),
    ...(wide && { wide }),
    hasLabels: wide !== undefined || options.isGiven('labels'),
    hasClean: options.isGiven('clean'),
    ...readTold(options, window),
    ...readTruthFolder(options, wide !== undefined),
  } as const;
  return { ...request, command: commandOf(request, args, configuration) };
}

/** What is written of the scenarios that are told. */
function readTold(
  options: OptionReader,
  window: WindowRequest,
): Pick<DatasetRequest, 'isReceived' | 'hasTrue' | 'without'> {
  const without = [...new Set(options.writtenAll('without'))];
  if (!options.isGiven('scenario'))
    for (const name of ['received', 'true', 'without'])
      if (options.isGiven(name)) options.fault(name, 'requires --scenario');
  if (!window.stories) return {};
  const stories = storiesOf(window);
  for (const id of without)
    options.collect(
      () => storiesWithout(stories, [id]),
      ({ path, message }) => ({ path: '--without', message: `${path} ${message}` }),
    );
  return {
    ...(options.isGiven('received') && { isReceived: true }),
    ...(options.isGiven('true') && { hasTrue: true }),
    ...(without.length > 0 && { without }),
  };
}

/** The folder of the sealed truth. */
function readTruthFolder(
  options: OptionReader,
  isWide: boolean,
): Pick<DatasetRequest, 'truthFolder'> {
  const written = options.written('truth-out');
  if (written === undefined) return {};
  const truthFolder = resolve(written);
  const folder = resolve(options.written('out') ?? FOLDER_DEFAULT);
  if (isWithin(truthFolder, folder) || isWithin(folder, truthFolder))
    options.fault('truth-out', `${written} and the folder of the dataset contain each other`);
  if (isWide) options.fault('truth-out', 'does not apply to --wide, whose tables have labels');
  return { truthFolder };
}

/** Seeds below this are guessed in seconds. */
const SECRET_SEED_MIN = 2 ** 32;

/** Whoever guesses the seed of sealed data makes its answer again. */
function sealRemarks(
  options: OptionReader,
  { truthFolder, seed }: DatasetRequest,
): readonly string[] {
  if (truthFolder === undefined) return [];
  const isUsual = !options.isGiven('seed');
  if (!isUsual && seed >= SECRET_SEED_MIN) return [];
  const why = isUsual ? '--seed is not given' : `${seed} is below 4294967296`;
  return [`the truth is sealed, but its seed can be guessed: ${why}`];
}

/** Whether a path is a folder or lies in it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** Whether tables are wide, and how they are split. */
function readWide(options: OptionReader): DatasetRequest['wide'] {
  const split = options.read('split', SPLIT) ?? SPLIT_DEFAULT;
  if (options.isGiven('wide')) {
    if (options.isGiven('partition'))
      options.fault('partition', 'does not apply to --wide, with one file for each machine type');
    return { split };
  }
  if (options.isGiven('split')) options.fault('split', 'requires --wide');
  return undefined;
}

const PARTITION = choice(['day', 'month']);

/** Variables that change the content of a dataset, besides those of intervals. */
const CONTENT_VARIABLES =
  /^(SHIFT_\d_\w+|WEEKEND_\w+|ANOMALY_PROBABILITY|SIMULATOR_ENABLE_ANOMALIES|FLEET_MACHINES)$/;

/** The command line that reproduces a dataset, whatever its destination and number of workers. */
function commandOf(
  request: Omit<DatasetRequest, 'command'>,
  { values: { machines }, lists }: Arguments,
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
  const { resampleMs, wide, registersFromMs, haveAllRegisters } = request;
  const { stories = [], isReceived, hasTrue, without = [], truthFolder } = request;
  const startS = stories[0]?.startS;
  const instant = (timeMs: number) => (Number.isNaN(timeMs) ? '' : timeText(timeMs));
  return [
    ...variables,
    PROGRAM,
    'generate',
    `--from ${instant(fromMs)} --to ${instant(toMs)} --seed ${seed}`,
    ...(file ? [`--factory ${quoted(String(file))}`] : []),
    ...(machines ? [`--machines ${quoted(machines)}`] : []),
    ...(resampleMs === undefined ? [] : [`--resample ${durationText(resampleMs / 1000)}`]),
    ...(haveAllRegisters ? ['--registers'] : []),
    ...(registersFromMs === undefined || registersFromMs === fromMs
      ? []
      : [`--registers-from ${instant(registersFromMs)}`]),
    ...(lists['scenario'] ?? []).map((each) => `--scenario ${quoted(each)}`),
    ...(startS === undefined ? [] : [`--scenario-start ${instant(1000 * startS)}`]),
    `--format ${format} --compress ${compression}`,
    ...(wide
      ? [`--wide --split ${wide.split.join('/')}`]
      : [`--partition ${partition}`, ...(hasLabels ? ['--labels'] : [])]),
    ...(isReceived ? ['--received'] : []),
    ...(hasTrue ? ['--true'] : []),
    ...(hasClean ? ['--clean'] : []),
    ...without.map((each) => `--without ${quoted(each)}`),
    ...(truthFolder === undefined ? [] : [`--truth-out ${quoted(truthFolder)}`]),
  ].join(' ');
}

/** Quotes a word for a shell. */
function quoted(word: string): string {
  return /^[\w./,:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
