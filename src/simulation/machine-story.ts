import { type Incident, lasting } from '../core/anomaly.ts';
import type { ToldDefect } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { type DefectOccurrence, occurrenceId } from '../core/occurrence.ts';
import type {
  ChangeEvent,
  DefectEvent,
  FaultEvent,
  StopEvent,
  Story,
  StoryEvent,
} from '../core/story.ts';
import { defectNamed } from '../defects/index.ts';

/** An event of a factory, with its story and its place among all events. */
export interface Told<E extends StoryEvent = StoryEvent> {
  readonly story: Story;
  /** Place of its story among the stories, and its own in the file. */
  readonly order: readonly [story: number, place: number];
  readonly event: E;
}

/** The events of a factory, by the machines that they touch. */
export class StoryEvents {
  /** Changes of the factory, in the order of their stories and files. */
  readonly changes: readonly Told<ChangeEvent>[];
  readonly #ofAll: readonly Told[];
  /** Events that name the same list of machines; there are few lists, however many events. */
  readonly #lists = new Map<string, (readonly Told[])[]>();
  readonly #ofLists = new Map<string, readonly Told[]>();
  readonly #numbers = new Map<readonly Told[], number>();

  /** @param stories - In the order in which they were given. */
  constructor(factoryId: string, stories: readonly Story[]) {
    const all = stories.flatMap((story, number) =>
      story.factoryId === factoryId
        ? story.events.map((event, place): Told => ({ story, order: [number, place], event }))
        : [],
    );
    this.changes = all.filter((each): each is Told<ChangeEvent> => each.event.class === 'change');
    // A change that names no machine is one of the whole factory.
    this.#ofAll = all.filter(({ event }) => event.machineIds.length === 0);
    const lists = new Map<readonly string[], Told[]>();
    for (const each of all) {
      const { machineIds } = each.event;
      const list = lists.get(machineIds);
      if (list) list.push(each);
      else lists.set(machineIds, [each]);
    }
    for (const [machineIds, list] of lists) {
      this.#numbers.set(list, this.#numbers.size);
      for (const id of new Set(machineIds)) {
        const own = this.#lists.get(id);
        if (own) own.push(list);
        else this.#lists.set(id, [list]);
      }
    }
  }

  /** The events that touch a machine, in the order of their stories and files. */
  of(machineId: string): readonly Told[] {
    const lists = this.#lists.get(machineId) ?? [];
    const key = lists.map((list) => this.#numbers.get(list)).join();
    let own = this.#ofLists.get(key);
    if (!own) {
      own = [...this.#ofAll, ...lists.flat()].sort(inOrder);
      this.#ofLists.set(key, own);
    }
    return own;
  }
}

function inOrder({ order: [a, b] }: Told, { order: [c, d] }: Told): number {
  return a - c || b - d;
}

/** The events of one class. */
export function ofClass<E extends StoryEvent>(
  events: readonly Told[],
  name: E['class'],
): readonly Told<E>[] {
  return events.filter((each): each is Told<E> => each.event.class === name);
}

/** Equal for machines to which the same events happen. */
export function keyOf(events: readonly Told[]): string {
  return events.map(({ event }) => identityOf(event)).join();
}

/** The faults and defects of a machine as functions of time. */
export function troublesOf(machineId: string, events: readonly Told[], journal: Journal) {
  const faults = ofClass<FaultEvent>(events, 'fault');
  const defects = ofClass<DefectEvent>(events, 'defect');
  return {
    hasDefects: defects.length > 0,
    incidents: kept((fromS, toS) =>
      faults.flatMap((each) => incidentsOf(each, machineId, fromS, toS)),
    ),
    defects: kept((fromS, toS) =>
      defects.flatMap((each) => defectsOf(each, machineId, journal, fromS, toS)).sort(byBegin),
    ),
  };
}

/** Spans whose answers are kept: those of a few readers at different times. */
const SPANS_KEPT = 8;

/**
 * Keeps the latest answers. A reader asks for the same day at each begin and end in it, which may
 * be thousands.
 */
function kept<T>(
  find: (fromS: number, toS: number) => readonly T[],
): (fromS: number, toS: number) => readonly T[] {
  const answers: { fromS: number; toS: number; found: readonly T[] }[] = [];
  return (fromS, toS) => {
    const known = answers.find((each) => each.fromS === fromS && each.toS === toS);
    if (known) return known.found;
    const found = find(fromS, toS);
    if (answers.unshift({ fromS, toS, found }) > SPANS_KEPT) answers.pop();
    return found;
  };
}

/** Whether any stop of a machine is under way. */
export function isStopped(
  stops: readonly Told<StopEvent>[],
  machineId: string,
  tS: number,
): boolean {
  return stops.some(({ event }) =>
    event
      .between(tS, tS + INSTANT_S)
      .some((each) => each.beginS <= tS && each.endS > tS && names(each, event, machineId)),
  );
}

/** Whether an occurrence names a machine that its event touches; mostly both have the same list. */
function names(
  { machineIds }: { readonly machineIds: readonly string[] },
  event: StoryEvent,
  machineId: string,
): boolean {
  return machineIds === event.machineIds || machineIds.includes(machineId);
}

/** Events begin and end at whole seconds, so that this is no more than an instant. */
export const INSTANT_S = 0.0001;

function incidentsOf(
  { story, event }: Told<FaultEvent>,
  machineId: string,
  fromS: number,
  toS: number,
): Incident[] {
  return event.between(fromS, toS).flatMap(({ index, beginS, endS, plannedEndS, ...fault }) => {
    const { type, severity, growth } = fault;
    if (fault.machineId !== machineId) return [];
    const planned = lasting((plannedEndS ?? endS) - beginS, {
      id: occurrenceId(story, event.id, index, machineId),
      machineId,
      type,
      origin: 'scenario',
      severity,
      startS: beginS,
      story: { scenario: story.name, event: event.id },
      ...(growth && { growth }),
    });
    return plannedEndS === undefined ? planned : { ...planned, endS, clearedBy: 'request' };
  });
}

/** A defect that acts, and the place of its event. */
interface Placed extends ToldDefect {
  readonly order: Told['order'];
}

function defectsOf(
  { story, order, event }: Told<DefectEvent>,
  machineId: string,
  journal: Journal,
  fromS: number,
  toS: number,
): Placed[] {
  return event
    .between(fromS, toS)
    .filter((each) => names(each, event, machineId))
    .map((occurrence) => mended(occurrence, machineId, journal))
    .filter(({ endS }) => endS > fromS)
    .map((occurrence) => ({ story, order, event: event.id, occurrence }));
}

/** A defect with the end that the journal gives it; what happens at an instant stays. */
function mended(
  occurrence: DefectOccurrence,
  machineId: string,
  journal: Journal,
): DefectOccurrence {
  const { kind, beginS, endS, plannedEndS = endS } = occurrence;
  if (defectNamed(kind)?.isInstant) return occurrence;
  const mendS = journal.firstMend(machineId, kind, beginS, endS);
  return mendS === undefined ? occurrence : { ...occurrence, endS: mendS, plannedEndS };
}

/** By begin, then by place in the file, then by file. */
function byBegin(a: Placed, b: Placed): number {
  return (
    a.occurrence.beginS - b.occurrence.beginS || a.order[1] - b.order[1] || a.order[0] - b.order[0]
  );
}

const identities = new WeakMap<StoryEvent, number>();
let identified = 0;

/** A number that no other event object has; fleets that share an event share it. */
export function identityOf(event: StoryEvent): number {
  const known = identities.get(event);
  if (known !== undefined) return known;
  identities.set(event, ++identified);
  return identified;
}
