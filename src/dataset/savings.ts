import type { Machine } from '../core/factory.ts';
import type { ChangeEvent, ChangeOccurrence, Story, StoryEvent } from '../core/story.ts';
import { type Fleet, nextFleet } from '../simulation/fleet.ts';
import { EnergyCount, interact, isUntouched } from '../simulation/savings.ts';
import { never } from './request.ts';
import { energyBySteps } from './true-energy.ts';

/** A change that acts inside a window. */
export interface WindowChange {
  readonly story: Story;
  readonly event: ChangeEvent;
  readonly occurrence: ChangeOccurrence;
}

/** What a machine takes with a change and without it, while the change acts in a window [mWh]. */
export interface Saving {
  /** Place of the change in {@link changesIn}. */
  readonly change: number;
  readonly machineId: string;
  readonly actualMwh: number;
  readonly withoutMwh: number;
}

/** What a machine takes in each hour (UTC) of a window [mWh]. */
export interface HourlyEnergy {
  readonly machineId: string;
  readonly actualMwh: readonly number[];
  /** Without all measures. */
  readonly expectedMwh: readonly number[];
}

const HOUR_MS = 3_600_000;
/** A machine remembers for so long what it was [s]. */
const MEMORY_S = 14 * 86_400;

/** The changes that act inside a window, by begin. */
export function changesIn({ stories }: Fleet, fromMs: number, toMs: number): WindowChange[] {
  const changes = stories.flatMap((story) =>
    story.events.flatMap((event) =>
      event.class === 'change'
        ? event
            .between(fromMs / 1000, toMs / 1000)
            .map((occurrence) => ({ story, event, occurrence }))
        : [],
    ),
  );
  return changes.sort((a, b) => a.occurrence.beginS - b.occurrence.beginS);
}

/** The fleet without one occurrence of a change. */
export function fleetWithout(fleet: Fleet, { event, occurrence }: WindowChange): Fleet {
  const { index } = occurrence;
  const other: ChangeEvent = {
    ...event,
    between: (fromS, toS) => event.between(fromS, toS).filter((each) => each.index !== index),
  };
  return changed(fleet, (each) => (each === event ? other : each));
}

/** The fleet without all measures that act in a window or shortly before. */
export function fleetWithoutMeasures(fleet: Fleet, fromMs: number, toMs: number): Fleet {
  const isMeasure = (event: StoryEvent) =>
    event.class === 'change' &&
    event
      .between(fromMs / 1000 - MEMORY_S, toMs / 1000)
      .some((occurrence) => occurrence.as === 'measure');
  if (!fleet.stories.some(({ events }) => events.some(isMeasure))) return fleet;
  return changed(fleet, (event) => (isMeasure(event) ? never(event) : event));
}

/** Whether two changes may influence each other's savings. */
export function doInteract({ factories, types }: Fleet, a: WindowChange, b: WindowChange): boolean {
  const factory = factories.find(({ id }) => id === a.story.factoryId);
  if (!factory || a.story.factoryId !== b.story.factoryId) return false;
  return interact(a.occurrence, b.occurrence, factory, types);
}

/**
 * What some changes save of a machine; those that do not touch it are left out.
 *
 * @param others - The fleet without each of the changes.
 */
export function savingsOf(
  fleet: Fleet,
  machineId: string,
  changes: readonly WindowChange[],
  others: (change: number) => Fleet,
  fromMs: number,
  toMs: number,
): Saving[] {
  return changes.flatMap(({ story, occurrence }, change) => {
    if (fleet.byId.get(machineId)?.factoryId !== story.factoryId) return [];
    const other = others(change);
    if (isUntouched(fleet, other, machineId)) return [];
    const fromS = Math.max(fromMs / 1000, occurrence.beginS);
    const toS = Math.min(toMs / 1000, occurrence.endS);
    const [actualMwh, withoutMwh] = [fleet, other].map((each) => {
      const count = new EnergyCount(each, machineId, fromS, toS);
      count.advance(Number.POSITIVE_INFINITY);
      return count.mwh;
    }) as [number, number];
    return { change, machineId, actualMwh, withoutMwh };
  });
}

/** What a machine takes by the hour, and what it would take without all measures. */
export function hourlyEnergy(
  fleet: Fleet,
  withoutMeasures: Fleet,
  { id: machineId }: Machine,
  fromMs: number,
  toMs: number,
): HourlyEnergy {
  const actualMwh = energyBySteps(fleet, machineId, fromMs, toMs, HOUR_MS);
  const expectedMwh = isUntouched(fleet, withoutMeasures, machineId)
    ? actualMwh
    : energyBySteps(withoutMeasures, machineId, fromMs, toMs, HOUR_MS);
  return { machineId, actualMwh, expectedMwh };
}

/** The fleet with other events. Machines that they do not touch stay the same objects. */
function changed(fleet: Fleet, other: (event: StoryEvent) => StoryEvent): Fleet {
  const stories = fleet.stories.map((story) => {
    const events = story.events.map(other);
    return events.every((event, i) => event === story.events[i]) ? story : { ...story, events };
  });
  return nextFleet(fleet, fleet.factories, stories);
}
