import { createHash } from 'node:crypto';
import type { FactoryDescription } from '../core/factory.ts';
import type { DefectEntry, ScenarioEntry, Told } from '../core/journal.ts';
import type { DefectOccurrence } from '../core/occurrence.ts';
import type { Story } from '../core/story.ts';
import { type Fleet, hasEnergyRegister, nextFleet } from '../simulation/fleet.ts';
import { readStories, type StoryContext } from './index.ts';

/** Name of the stories that clients tell one defect at a time; no file can have it. */
const DEFECTS_OF_CLIENTS = '';

/** The fleet of some factories, with what its journal tells by now. */
export function toldFleet(fleet: Fleet, factories = fleet.factories): Fleet {
  const stories = storiesOf(fleet);
  const isUntold = stories.length === 0 && fleet.stories.length === 0;
  return isUntold && factories === fleet.factories ? fleet : nextFleet(fleet, factories, stories);
}

/** The stories that a journal tells, oldest first. They follow from the journal and the seed. */
function storiesOf(fleet: Fleet): readonly Story[] {
  return fleet.journal.told.map((told) => storyTold(told, fleet));
}

/** What of a fleet its stories are read with. */
export type StoryBasis = Pick<Fleet, 'types' | 'seed' | 'registersFromS' | 'haveAllRegisters'>;

/** The story that a journal tells of something. */
export function storyTold(told: Told, fleet: StoryBasis): Story {
  let story = compiled.get(told);
  if (!story) {
    story = storyOf(told, fleet);
    compiled.set(told, story);
  }
  return story;
}

/** Stories whose events stay the same objects, as long as the same is told of them. */
const compiled = new WeakMap<Told, Story>();

function storyOf({ event, untilS }: Told, fleet: StoryBasis): Story {
  if (event.kind === 'defect') return defectStory(event, event.timeS, untilS, fleet.seed);
  return scenarioStory(event, event.timeS, untilS, fleet);
}

/**
 * The story of an entry that is told from an instant on.
 *
 * @throws ConfigError with everything that is wrong with its text.
 */
function scenarioStory(
  { text, name, factory, file, startS, isWhole }: Omit<ScenarioEntry, 'kind'>,
  fromS: number,
  untilS: number,
  fleet: StoryBasis,
): Story {
  const given = {
    text,
    file: file ?? name,
    digest: digestOf(text),
    startS: startS ?? fromS,
    untilS,
    ...(!isWhole && { fromS }),
  };
  return readStories([given], storyContext([factory], fleet))[0] as Story;
}

/** What stories of some factories are read with. */
export function storyContext(
  factories: readonly FactoryDescription[],
  fleet: StoryBasis,
): StoryContext {
  const { types: catalogue, seed } = fleet;
  const hasRegister = (machineId: string) =>
    factories.some((factory) => {
      const machine = factory.machines.find(({ id }) => id === machineId);
      const type = catalogue.find(({ type }) => type === machine?.type);
      return machine && type && hasEnergyRegister(machine, factory, type, fleet);
    });
  return { factories, catalogue, seed, hasRegister };
}

/** The SHA-256 of a scenario's text in UTF-8, in hexadecimal digits. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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
