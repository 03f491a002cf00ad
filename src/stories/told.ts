import type { DefectEntry, Told } from '../core/journal.ts';
import type { DefectOccurrence } from '../core/occurrence.ts';
import type { Story } from '../core/story.ts';
import { type Fleet, nextFleet } from '../simulation/fleet.ts';

/** Name of the stories that clients tell one defect at a time; no file can have it. */
export const DEFECTS_OF_CLIENTS = '';

/**
 * The fleet of some factories, with the stories that its journal tells by now; the same fleet if
 * both are the same.
 */
export function toldFleet(fleet: Fleet, factories = fleet.factories): Fleet {
  const stories = storiesOf(fleet);
  const isSame = factories === fleet.factories && areSame(stories, fleet.stories);
  return isSame ? fleet : nextFleet(fleet, factories, stories);
}

function areSame(a: readonly Story[], b: readonly Story[]): boolean {
  return a.length === b.length && a.every((story, i) => story === b[i]);
}

/** The stories that a journal tells, oldest first. They follow from the journal and the seed. */
function storiesOf(fleet: Fleet): readonly Story[] {
  return fleet.journal.told.map((told) => {
    let story = compiled.get(told);
    if (!story) {
      story = storyOf(told, fleet);
      compiled.set(told, story);
    }
    return story;
  });
}

/** Stories whose events stay the same objects, as long as the same is told of them. */
const compiled = new WeakMap<Told, Story>();

function storyOf({ event, untilS }: Told, { seed }: Fleet): Story {
  if (event.kind === 'scenario') throw new Error('not yet');
  return defectStory(event, event.timeS, untilS, seed);
}

/** One defect of one machine, as a story. */
function defectStory(
  { id, machineId, factoryId, defectKind, channels, fields, values, growth }: DefectEntry,
  beginS: number,
  untilS: number,
  seed: number,
): Story {
  const machineIds = [machineId];
  const occurrence: DefectOccurrence = {
    index: 0,
    beginS,
    endS: untilS,
    machineIds,
    kind: defectKind,
    values,
    ...(channels && { channels }),
    ...(fields && { fields }),
    ...(growth && { growth }),
  };
  const between = (fromS: number, toS: number) =>
    beginS < toS && untilS > fromS ? [occurrence] : [];
  const event = { class: 'defect', id, machineIds, between } as const;
  return { name: DEFECTS_OF_CLIENTS, factoryId, seed, events: [event] };
}
