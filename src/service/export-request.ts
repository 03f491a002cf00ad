import { ConfigError, type Diagnostic, FAULTS_MAX } from '../core/errors.ts';
import type { Machine } from '../core/factory.ts';
import type { JournalEvent } from '../core/journal.ts';
import type { Story } from '../core/story.ts';
import type { Compression } from '../dataset/formats/format.ts';
import { COMPRESSIONS, type FormatName } from '../dataset/formats/index.ts';
import { chosenMachines } from '../dataset/machine-choice.ts';
import { plannedRows, planOf, suitablePartition } from '../dataset/plan.ts';
import {
  type DatasetRequest,
  factoriesEver,
  fleetOf,
  givenStories,
  isTold,
  type Partition,
  storiesOf,
  type WindowRequest,
} from '../dataset/request.ts';
import { SPLIT_DEFAULT } from '../dataset/split.ts';
import { machinesOf } from '../dataset/window-reader.ts';
import { version } from '../runtime/version.ts';
import { storiesWithout } from '../stories/index.ts';
import { digestOf } from '../stories/told.ts';
import { CommandError } from './command-error.ts';
import type { Simulator } from './simulator.ts';

/** Most rows computed for one export: a year of the default factory with its clean twin. */
const ROWS_MAX = 250_000_000;

/** What to export, and how; everything else comes from the running factory. */
export interface ExportOptions {
  readonly fromMs: number;
  readonly toMs: number;
  /** Ids or names; all machines, if not given. */
  readonly machines?: readonly string[] | undefined;
  readonly format?: FormatName | undefined;
  readonly compression?: Compression | undefined;
  readonly partition?: Partition | undefined;
  /** Whether tables are wide, with labels; their partition is then the whole window. */
  readonly isWide?: boolean | undefined;
  readonly hasLabels?: boolean | undefined;
  readonly hasClean?: boolean | undefined;
  /** Scenarios to tell besides what the factory tells, as objects or as texts in YAML. */
  readonly scenarios?: readonly (object | string)[] | undefined;
  /** Zero of the relative times of scenarios without a start [ms]. */
  readonly scenarioStartMs?: number | undefined;
  /** Whether the twin without instrument defects is written, too. */
  readonly hasTrue?: boolean | undefined;
  /** Ids of events, for each of which the twin without it is written, too. */
  readonly without?: readonly string[] | undefined;
  /** Interval to resample readings to [s]. */
  readonly resampleS?: number | undefined;
  /** The command that reproduces the dataset. */
  readonly command: string;
}

/**
 * Builds the request for a dataset of the running factory: its registry, seed, settings, and the
 * journal up to the end of the window, so that exported and delivered data are equal. Readings
 * later than now are as they will be if no more events happen.
 *
 * @throws CommandError with everything that is wrong with the options.
 */
export async function exportRequest(
  simulator: Simulator,
  { format = 'parquet', isWide = false, ...options }: ExportOptions,
): Promise<DatasetRequest> {
  const { eventLog } = simulator;
  // An event that is being appended may take effect inside the window.
  await eventLog.settled();
  const faults: Diagnostic[] = [];
  const window = toldWindow(simulator, options, faults);
  const factories = window ? factoriesEver(window) : simulator.fleet.factories;
  const machineIds = chosenMachines(options.machines, factories, (place, message) =>
    faults.push({ path: `machines.${place}`, message }),
  );
  const accepted: readonly Compression[] = COMPRESSIONS[format];
  const { compression = accepted[0] as Compression } = options;
  if (!accepted.includes(compression))
    faults.push({
      path: 'compress',
      message: `${format} files are written with ${accepted.join(' or ')}`,
    });
  if (isWide && options.partition)
    faults.push({
      path: 'partition',
      message: 'does not apply to wide tables, with one file for each machine type',
    });
  if (!window) throw invalid(faults.slice(0, FAULTS_MAX));
  const fleet = window.stories ? fleetOf(window, 'actual') : simulator.fleet;
  const machines = machinesOf(fleet, machineIds);
  const resampleMs =
    options.resampleS === undefined ? undefined : Math.round(1000 * options.resampleS);
  if (resampleMs) faults.push(...resampleFaults(machines, resampleMs));
  if (faults.length > 0) throw invalid(faults.slice(0, FAULTS_MAX));
  const { registersFromMs, haveAllRegisters, ...bare } = window;
  const hasRegisters = machines.some((each) => each.registerFromS !== undefined);
  const request: DatasetRequest = {
    version,
    ...(hasRegisters ? window : bare),
    machineIds,
    format,
    compression,
    partition: isWide
      ? 'whole'
      : (options.partition ?? suitablePartition(options.fromMs, options.toMs)),
    ...(isWide && { wide: { split: SPLIT_DEFAULT } }),
    hasLabels: isWide || (options.hasLabels ?? false),
    hasClean: options.hasClean ?? false,
    ...(options.hasTrue && { hasTrue: true }),
    ...(options.without && { without: [...new Set(options.without)] }),
    command: options.command,
  };
  const plan = planOf(request, fleet);
  checkSize(request, plannedRows(request, plan));
  if (resampleMs === undefined) return request;
  const resampled = { ...request, resampleMs };
  checkSize(resampled, plannedRows(resampled, plan));
  return resampled;
}

/**
 * The window of the running factory with the scenarios that are told besides; undefined, with
 * errors, if they are not accepted.
 */
function toldWindow(
  { fleet, eventLog: { journal } }: Simulator,
  { fromMs, toMs, scenarios = [], scenarioStartMs, ...told }: Omit<ExportOptions, 'format'>,
  faults: Diagnostic[],
): WindowRequest | undefined {
  const { factories, seed, registersFromS, haveAllRegisters } = fleet;
  const running: WindowRequest = {
    factories,
    seed,
    settings: journal.settingsAt(Number.NEGATIVE_INFINITY),
    events: journal.events.filter((event) => affectsWindow(event, toMs)),
    fromMs,
    toMs,
    machineIds: factories.flatMap(({ machines }) => machines.map(({ id }) => id)),
    ...(registersFromS !== undefined && {
      registersFromMs: 1000 * registersFromS,
      haveAllRegisters,
    }),
  };
  const stories = scenarios.map((scenario, i) => {
    const text = typeof scenario === 'string' ? scenario : JSON.stringify(scenario);
    const start = scenarioStartMs !== undefined && { startS: scenarioStartMs / 1000 };
    return { text, file: `scenarios.${i}`, digest: digestOf(text), ...start };
  });
  const window = stories.length === 0 ? running : { ...running, stories };
  if (!isTold(window))
    for (const name of ['true', 'without'] as const)
      if (name === 'true' ? told.hasTrue : told.without)
        faults.push({ path: name, message: 'needs scenarios; the factory has no story either' });
  try {
    const all = storiesOf(window);
    const active = new Set(storiesOf(running).map(({ name }) => name));
    for (const [i, { name }] of givenStories(window).entries())
      if (active.has(name))
        faults.push({ path: `scenarios.${i}`, message: `${name} is a story of the factory` });
    for (const [i, id] of isTold(window) ? (told.without ?? []).entries() : [])
      faults.push(...withoutFaults(all, id, `without.${i}`));
    return window;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

function withoutFaults(stories: readonly Story[], id: string, path: string): Diagnostic[] {
  try {
    storiesWithout(stories, [id]);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ message }) => ({ path, message: `${id} ${message}` }));
  }
}

/** A resampling interval must be a multiple of every machine's interval. */
function resampleFaults(machines: readonly Machine[], resampleMs: number): Diagnostic[] {
  return machines
    .filter(({ intervalMs }) => resampleMs % intervalMs !== 0)
    .map(({ name, intervalMs }) => ({
      path: 'resample_seconds',
      message:
        `${resampleMs / 1000} is not a multiple of ${intervalMs / 1000}, ` +
        `the interval of ${name} in seconds`,
    }));
}

/** Events after the window do not affect it, nor does the speed of simulated time. */
function affectsWindow({ kind, timeS }: JournalEvent, toMs: number): boolean {
  return kind !== 'speed' && 1000 * timeS <= toMs;
}

function checkSize({ toMs, fromMs }: DatasetRequest, rows: number): void {
  if (rows === 0) throw invalid([{ path: 'to', message: 'no machine reports in this window' }]);
  if (rows <= ROWS_MAX) return;
  const days = Math.floor(((toMs - fromMs) / 86_400_000) * (ROWS_MAX / rows));
  const message = `${rows} rows are too many; at most ${ROWS_MAX} are accepted, about ${days} days`;
  throw invalid([{ path: 'to', message }]);
}

function invalid(faults: readonly Diagnostic[]): CommandError {
  return new CommandError('invalid', 'the request is not accepted; nothing was changed', faults);
}
