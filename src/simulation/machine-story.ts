import { type Incident, lasting } from '../core/anomaly.ts';
import type { MachineStory, ToldDefect } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import type { MachineType } from '../core/machine.ts';
import { type DefectOccurrence, occurrenceId } from '../core/occurrence.ts';
import type { DefectEvent, FaultEvent, Story, StoryEvent } from '../core/story.ts';
import { defectNamed } from '../defects/index.ts';

/** An event that touches a machine, with its story and its place in the file. */
interface Own<E extends StoryEvent> {
  readonly story: Story;
  readonly place: number;
  readonly event: E;
}

/**
 * What stories do to a machine; undefined if none of them ever touches it.
 *
 * @param stories - In the order in which they were given.
 */
export function machineStory(
  machineId: string,
  type: MachineType,
  factoryId: string,
  stories: readonly Story[],
  journal: Journal,
): MachineStory | undefined {
  const own = stories
    .filter((story) => story.factoryId === factoryId)
    .flatMap((story) => story.events.map((event, place) => ({ story, place, event })))
    .filter(({ event }) => event.machineIds.includes(machineId));
  if (own.length === 0) return undefined;
  const faults = own.filter((each): each is Own<FaultEvent> => each.event.class === 'fault');
  const defects = own.filter((each): each is Own<DefectEvent> => each.event.class === 'defect');
  return {
    key: [journal.mendCount(machineId), ...own.map(({ event }) => identityOf(event))].join(),
    hasDefects: defects.length > 0,
    incidents: (fromS, toS) =>
      faults.flatMap((each) => incidentsOf(each, machineId, type, fromS, toS)),
    defects: (fromS, toS) =>
      defects.flatMap((each) => defectsOf(each, machineId, journal, fromS, toS)).sort(byBegin),
  };
}

function incidentsOf(
  { story, event }: Own<FaultEvent>,
  machineId: string,
  { faultTypes }: MachineType,
  fromS: number,
  toS: number,
): Incident[] {
  return event.between(fromS, toS).flatMap(({ index, beginS, endS, plannedEndS, ...fault }) => {
    const { type, severity, growth } = fault;
    if (fault.machineId !== machineId || !faultTypes.includes(type)) return [];
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

/** A defect that acts, and the place of its event in the file. */
interface Placed extends ToldDefect {
  readonly place: number;
}

function defectsOf(
  { story, place, event }: Own<DefectEvent>,
  machineId: string,
  journal: Journal,
  fromS: number,
  toS: number,
): Placed[] {
  return event
    .between(fromS, toS)
    .filter(({ machineIds }) => machineIds.includes(machineId))
    .map((occurrence) => mended(occurrence, machineId, journal))
    .filter(({ endS }) => endS > fromS)
    .map((occurrence) => ({ story, place, event: event.id, occurrence }));
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

function byBegin(a: Placed, b: Placed): number {
  return a.occurrence.beginS - b.occurrence.beginS || a.place - b.place;
}

const identities = new WeakMap<StoryEvent, number>();
let identified = 0;

/** A number that no other event object has; fleets that share an event share it. */
function identityOf(event: StoryEvent): number {
  const known = identities.get(event);
  if (known !== undefined) return known;
  identities.set(event, ++identified);
  return identified;
}
