import { createHash } from 'node:crypto';
import type { FactoryDescription } from '../core/factory.ts';
import { Journal, type JournalEvent, type Settings } from '../core/journal.ts';
import { createFleet, type Fleet } from '../simulation/fleet.ts';
import type { Compression } from './formats/format.ts';
import type { FormatName } from './formats/index.ts';

/** What a file of readings covers: a day or a month in UTC. */
export type Partition = 'day' | 'month';

/** The readings that are asked for, wherever they go. */
export interface WindowRequest {
  readonly factories: readonly FactoryDescription[];
  readonly seed: number;
  readonly settings: Settings;
  /** What reached the factories from outside up to the end of the window, oldest first. */
  readonly events: readonly JournalEvent[];
  /** The readings are those with `fromMs` < time ≤ `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The machines that are read, in the order of the factories. */
  readonly machineIds: readonly string[];
  /** Readings are condensed to this interval [ms], a multiple of every machine's own. */
  readonly resampleMs?: number;
}

/** Everything that a dataset follows from; sent to its workers. */
export interface DatasetRequest extends WindowRequest {
  /** Of the simulator, for the manifest. */
  readonly version: string;
  readonly format: FormatName;
  readonly compression: Compression;
  readonly partition: Partition;
  /** Whether each reading says what anomaly acts in it. */
  readonly hasLabels: boolean;
  /** Whether the twin without anomalies is written beside it. */
  readonly hasClean: boolean;
  /** The command line that makes it again. */
  readonly command: string;
}

/** The factory as it is, or its twin in which nothing ever fails. */
export type Variant = 'actual' | 'clean';

/** The fleet that a dataset is read from. */
export function fleetOf(request: WindowRequest, variant: Variant): Fleet {
  const { factories, seed, settings, events } = request;
  if (variant === 'actual')
    return createFleet(factories, { seed, journal: new Journal(settings, events) });
  const healthy = factories.map((factory) => ({
    ...factory,
    machines: factory.machines.map(({ faults: _, ...machine }) => machine),
  }));
  const journal = new Journal(
    { ...settings, enableAnomalies: false },
    events.flatMap(withoutAnomalies),
  );
  return createFleet(healthy, { seed, journal });
}

/**
 * Digest of the machines with all their parameters, as the program computes them: it differs
 * between two programs that compute different fleets from the same description.
 */
export function fleetDigest({ machines }: Fleet): string {
  return recordsDigest(
    machines.map(({ id, type, intervalMs, topic, parameters }) => {
      return { id, type: type.type, intervalMs, topic, parameters };
    }),
  );
}

/** What of an event also happened where nothing ever fails. */
function withoutAnomalies(event: JournalEvent): JournalEvent[] {
  if (event.kind === 'inject' || event.kind === 'clear') return [];
  if (event.kind !== 'configure') return [event];
  return [{ ...event, settings: { ...event.settings, enableAnomalies: false } }];
}

/** Digest of factories' descriptions or of events, whatever order their keys are in. */
export function recordsDigest(records: readonly object[]): string {
  return createHash('sha256').update(JSON.stringify(records, inKeyOrder)).digest('hex');
}

function inKeyOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
