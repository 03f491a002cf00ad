import { createHash } from 'node:crypto';
import type { FactoryDescription } from '../core/factory.ts';
import { Journal, type JournalEvent, type Settings } from '../core/journal.ts';
import { createFleet, type Fleet } from '../simulation/fleet.ts';
import type { Compression } from './formats/format.ts';
import type { FormatName } from './formats/index.ts';
import type { Split } from './split.ts';

/** The time span of a file of readings: a day or a month in UTC, or the whole window. */
export type Partition = 'day' | 'month' | 'whole';

/** The requested readings, whatever their destination. */
export interface WindowRequest {
  readonly factories: readonly FactoryDescription[];
  readonly seed: number;
  readonly settings: Settings;
  /** External events up to the end of the window, oldest first. */
  readonly events: readonly JournalEvent[];
  /** The readings are those with `fromMs` < time ≤ `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The machines to read, in the order of the factories. */
  readonly machineIds: readonly string[];
  /** Resampling interval [ms], a multiple of every machine's interval. */
  readonly resampleMs?: number;
  /** When all energy registers stood at 0 [ms]; without it, no machine has one. */
  readonly registersFromMs?: number;
  /** Whether all machines have energy registers, not only those that are described so. */
  readonly haveAllRegisters?: boolean;
}

/** Everything that determines a dataset; sent to its workers. */
export interface DatasetRequest extends WindowRequest {
  /** Version of the simulator, for the manifest. */
  readonly version: string;
  readonly format: FormatName;
  readonly compression: Compression;
  readonly partition: Partition;
  /**
   * Set for wide tables: one for each machine type, with all fields of a reading and its labels,
   * instead of one for each channel. Their partition is the whole window.
   */
  readonly wide?: { readonly split: Split };
  /** Whether each reading is labelled with its active anomaly. */
  readonly hasLabels: boolean;
  /** Whether the twin without anomalies is written as well. */
  readonly hasClean: boolean;
  /** The command line that reproduces it. */
  readonly command: string;
}

/** The factory as it is, or its twin in which nothing ever fails. */
export type Variant = 'actual' | 'clean';

/** The fleet that a dataset is read from. */
export function fleetOf(request: WindowRequest, variant: Variant): Fleet {
  const { factories, seed, settings, events } = request;
  const { registersFromMs, haveAllRegisters = false } = request;
  const registers = registersFromMs !== undefined && {
    registersFromS: registersFromMs / 1000,
    haveAllRegisters,
  };
  if (variant === 'actual')
    return createFleet(factories, { seed, journal: new Journal(settings, events), ...registers });
  const healthy = factories.map((factory) => ({
    ...factory,
    machines: factory.machines.map(({ faults: _, ...machine }) => machine),
  }));
  const journal = new Journal(
    { ...settings, enableAnomalies: false },
    events.flatMap(withoutAnomalies),
  );
  return createFleet(healthy, { seed, journal, ...registers });
}

/**
 * Digest of the machines with all their parameters, as this program computes them. It differs
 * between programs that compute different fleets from the same description.
 */
export function fleetDigest({ machines }: Fleet): string {
  return recordsDigest(
    machines.map(({ id, type, intervalMs, topic, parameters, registerFromS }) => {
      return { id, type: type.type, intervalMs, topic, parameters, registerFromS };
    }),
  );
}

/** The part of an event that also applies to the twin without anomalies. */
function withoutAnomalies(event: JournalEvent): JournalEvent[] {
  if (event.kind === 'inject' || event.kind === 'clear') return [];
  if (event.kind !== 'configure') return [event];
  return [{ ...event, settings: { ...event.settings, enableAnomalies: false } }];
}

/** Digest of factory descriptions or events, independent of the order of their keys. */
export function recordsDigest(records: readonly object[]): string {
  return createHash('sha256').update(JSON.stringify(records, inKeyOrder)).digest('hex');
}

function inKeyOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
