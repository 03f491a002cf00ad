import { createHash } from 'node:crypto';
import type { FactoryDescription } from '../core/factory.ts';
import { Journal, type JournalEvent, type Settings } from '../core/journal.ts';
import type { Story, StoryEvent } from '../core/story.ts';
import { machineTypes } from '../machines/index.ts';
import { createFleet, type Fleet } from '../simulation/fleet.ts';
import { readStories, type StoryText, storiesWithout } from '../stories/index.ts';
import { type StoryBasis, storyContext, storyTold } from '../stories/told.ts';
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
  /** The scenarios that are told, in the order given; every process compiles them for itself. */
  readonly stories?: readonly StoryText[];
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
  /** Whether each reading is told with when it was delivered, even without labels. */
  readonly isReceived?: boolean;
  /** Whether the twin without instrument defects is written as well. */
  readonly hasTrue?: boolean;
  /** Ids of events: for each of them, the twin without it is written as well. */
  readonly without?: readonly string[];
  /**
   * The folder of everything that gives the answer away. Without it, that is part of the dataset.
   */
  readonly truthFolder?: string;
  /** The command line that reproduces it. */
  readonly command: string;
}

/**
 * The readings as they are told, or a twin: without instrument defects, without defects and
 * anomalies, or without one event of a story.
 */
export type Variant = 'actual' | 'true' | 'clean' | `without/${string}`;

/** The variants of a dataset, the dataset itself first. */
export function variantsOf(request: DatasetRequest): readonly Variant[] {
  const { hasTrue = false, hasClean, without = [] } = request;
  return [
    'actual',
    ...(hasTrue ? (['true'] as const) : []),
    ...(hasClean ? (['clean'] as const) : []),
    ...without.map((id) => `without/${id}` as const),
  ];
}

/** Whether readings may be told otherwise than they were made. */
export function isTold({ stories = [], events }: WindowRequest): boolean {
  return stories.length > 0 || events.some(({ kind }) => kind === 'scenario' || kind === 'defect');
}

/** The fleet that a dataset is read from. */
export function fleetOf(request: WindowRequest, variant: Variant): Fleet {
  return variant === 'clean'
    ? cleanFleet(request)
    : fleetWith(request, storiesIn(request, variant));
}

/** The fleet of a request with other stories. */
function fleetWith(request: WindowRequest, stories: readonly Story[]): Fleet {
  const { factories, settings, events } = request;
  const journal = new Journal(settings, events);
  return createFleet(factories, { ...fixedOptions(request), journal, stories });
}

/** The fleet in which nothing ever fails. */
function cleanFleet(request: WindowRequest): Fleet {
  const { factories, settings, events } = request;
  const healthy = factories.map((factory) => ({
    ...factory,
    machines: factory.machines.map(({ faults: _, ...machine }) => machine),
  }));
  const journal = new Journal(
    { ...settings, enableAnomalies: false },
    events.flatMap(withoutAnomalies),
  );
  const stories = storiesIn(request, 'clean');
  return createFleet(healthy, { ...fixedOptions(request), journal, stories });
}

/** What is the same in all variants. */
function fixedOptions({ seed, registersFromMs, haveAllRegisters = false }: WindowRequest) {
  return {
    seed,
    haveAllRegisters,
    ...(registersFromMs !== undefined && { registersFromS: registersFromMs / 1000 }),
  };
}

/** The stories of a variant. Events that are in several variants are the same objects. */
function storiesIn(request: WindowRequest, variant: Variant): readonly Story[] {
  const stories = storiesOf(request);
  if (variant === 'actual') return stories;
  if (variant === 'true') return storiesOnly(stories, (event) => event.class !== 'defect');
  if (variant === 'clean')
    return storiesOnly(stories, ({ class: name }) => name === 'change' || name === 'stop');
  // An event that never occurs: machines that it would add are known, and never come.
  const left = storiesWithout(stories, [variant.slice('without/'.length)]);
  const kept = new Set(left.flatMap(({ events }) => events));
  return stories.map((story) => ({
    ...story,
    events: story.events.map((event) => (kept.has(event) ? event : never(event))),
  }));
}

/** An event without occurrences. */
export function never<E extends StoryEvent>(event: E): E {
  return { ...event, between: () => [] };
}

/** The stories with some of their events. */
function storiesOnly(
  stories: readonly Story[],
  isKept: (event: StoryEvent) => boolean,
): readonly Story[] {
  return stories.map((story) => ({ ...story, events: story.events.filter(isKept) }));
}

/**
 * The stories that happen in a window, each compiled once: those that the journal tells, then those
 * of the request.
 *
 * @throws ConfigError with all errors in their texts.
 */
export function storiesOf(request: WindowRequest): readonly Story[] {
  return [...journalStories(request), ...givenStories(request)];
}

/** The factories of a request, each with the machines that changes add to it. */
export function factoriesEver(request: WindowRequest): readonly FactoryDescription[] {
  const stories = storiesOf(request);
  return request.factories.map((factory) => {
    const known = new Set(factory.machines.map(({ id }) => id));
    const added = stories
      .filter(({ factoryId }) => factoryId === factory.id)
      .flatMap(({ events }) => events)
      .flatMap((event) => (event.class === 'change' ? (event.adds ?? []) : []))
      .filter(({ id }) => !known.has(id) && known.add(id));
    return added.length === 0 ? factory : { ...factory, machines: [...factory.machines, ...added] };
  });
}

/** The stories of a request, without those of the journal. */
export function givenStories(request: WindowRequest): readonly Story[] {
  const { stories: texts = [], factories } = request;
  if (texts.length === 0) return [];
  return once(texts, request, () => readStories(texts, storyContext(factories, basisOf(request))));
}

function journalStories(request: WindowRequest): readonly Story[] {
  const { events, settings } = request;
  return once(events, request, () =>
    new Journal(settings, events).told.map((told) => storyTold(told, basisOf(request))),
  );
}

function basisOf(request: WindowRequest): StoryBasis {
  return { types: machineTypes, registersFromS: undefined, ...fixedOptions(request) };
}

/** What was made of a list before, in the same factories and with the same seed. */
function once(
  list: object,
  request: WindowRequest,
  make: () => readonly Story[],
): readonly Story[] {
  const { factories, seed, registersFromMs, haveAllRegisters = false } = request;
  const key = `${seed} ${registersFromMs} ${haveAllRegisters}`;
  const known = compiled.get(list);
  if (known?.key === key && known.factories === factories) return known.stories;
  const stories = make();
  compiled.set(list, { key, factories, stories });
  return stories;
}

const compiled = new WeakMap<
  object,
  {
    readonly key: string;
    readonly factories: WindowRequest['factories'];
    readonly stories: readonly Story[];
  }
>();

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
