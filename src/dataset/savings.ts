import type { Machine } from '../core/factory.ts';
import type { ChangeEvent, ChangeOccurrence, Story, StoryEvent } from '../core/story.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { fleetWith, never, storiesOf, type WindowRequest } from './request.ts';
import { energyBySteps, energyIn } from './true-energy.ts';

/** A change that acts inside a window, and the factory without it. */
export interface WindowChange {
  readonly story: Story;
  readonly event: ChangeEvent;
  readonly occurrence: ChangeOccurrence;
  /** The part of the window in which it acts [ms]. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The same fleet without this occurrence. */
  readonly without: () => Fleet;
}

/** What a machine takes with a change and without it [mWh]. */
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
/** A machine remembers for so long what it was [ms]. */
const MEMORY_MS = 14 * 86_400_000;

/** The changes that act inside a window, by begin. */
export function changesIn(request: WindowRequest): readonly WindowChange[] {
  const { fromMs, toMs } = request;
  const stories = storiesOf(request);
  const changes = stories.flatMap((story) =>
    story.events.flatMap((event) => {
      if (event.class !== 'change') return [];
      return event.between(fromMs / 1000, toMs / 1000).map((occurrence): WindowChange => {
        const { index, beginS, endS } = occurrence;
        let fleet: Fleet | undefined;
        return {
          story,
          event,
          occurrence,
          fromMs: Math.max(fromMs, 1000 * beginS),
          toMs: Math.min(toMs, 1000 * endS),
          without: () => {
            fleet ??= fleetWith(
              request,
              replaced(stories, (each) => (each === event ? skipping(event, index) : each)),
            );
            return fleet;
          },
        };
      });
    }),
  );
  return changes.sort((a, b) => a.occurrence.beginS - b.occurrence.beginS);
}

/** The fleet without all measures; the given one if there are none. */
export function fleetWithoutMeasures(request: WindowRequest, fleet: Fleet): Fleet {
  const stories = storiesOf(request);
  const isMeasure = (event: StoryEvent) =>
    event.class === 'change' &&
    event
      .between((request.fromMs - MEMORY_MS) / 1000, request.toMs / 1000)
      .some((occurrence) => occurrence.as === 'measure');
  if (!stories.some(({ events }) => events.some(isMeasure))) return fleet;
  return fleetWith(
    request,
    replaced(stories, (event) => (isMeasure(event) ? never(event) : event)),
  );
}

/** What changes save of a machine; those that do not touch it are left out. */
export function savingsOf(
  fleet: Fleet,
  machine: Machine,
  changes: readonly WindowChange[],
): Saving[] {
  return changes.flatMap(({ without, fromMs, toMs }, change) => {
    const other = without().byId.get(machine.id);
    if (!other || isSame(machine, other)) return [];
    const actualMwh = energyIn(fleet, machine, fromMs, toMs);
    const withoutMwh = energyIn(without(), machine, fromMs, toMs);
    return { change, machineId: machine.id, actualMwh, withoutMwh };
  });
}

/** What a machine takes by the hour, and what it would take without all measures. */
export function hourlyEnergy(
  fleet: Fleet,
  withoutMeasures: Fleet,
  machine: Machine,
  { fromMs, toMs }: Pick<WindowRequest, 'fromMs' | 'toMs'>,
): HourlyEnergy {
  const actualMwh = energyBySteps(fleet, machine, fromMs, toMs, HOUR_MS);
  const other = withoutMeasures.byId.get(machine.id);
  const expectedMwh =
    !other || isSame(machine, other)
      ? actualMwh
      : energyBySteps(withoutMeasures, machine, fromMs, toMs, HOUR_MS);
  return { machineId: machine.id, actualMwh, expectedMwh };
}

/** Whether the same happens to two machines of one description, and to all that they depend on. */
function isSame(a: Machine, b: Machine): boolean {
  if (a.story?.key !== b.story?.key) return false;
  return (a.metered ?? []).every((each, i) => isSame(each, b.metered?.[i] as Machine));
}

function replaced(
  stories: readonly Story[],
  other: (event: StoryEvent) => StoryEvent,
): readonly Story[] {
  return stories.map((story) => ({ ...story, events: story.events.map(other) }));
}

/** An event that has all its occurrences but one. */
function skipping(event: ChangeEvent, index: number): ChangeEvent {
  return {
    ...event,
    between: (fromS, toS) => event.between(fromS, toS).filter((each) => each.index !== index),
  };
}
