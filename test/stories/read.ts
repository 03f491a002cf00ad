/** Scenarios of the default factory, or of one that is given. */
import { ConfigError } from '../../src/core/errors.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import type { Story } from '../../src/core/story.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { readStories, type StoryContext, type StoryText } from '../../src/stories/index.ts';

/** The default factory with a main meter, in Berlin, where clocks change. */
export const BERLIN: FactoryDescription = {
  ...DEFAULT_FACTORY,
  timeZone: 'Europe/Berlin',
  machines: [
    ...DEFAULT_FACTORY.machines,
    {
      id: 'c0000000-0000-0000-0000-000000000006',
      name: 'Main-Meter',
      type: 'meter',
      ratedPowerKw: 630,
      intervalS: 60,
      topic: 'factory/demo/main-meter',
    },
  ],
};

const CONTEXT: StoryContext = {
  factories: [BERLIN],
  catalogue: machineTypes,
  seed: 42,
  hasRegister: () => false,
};

/** Reads scenarios; the file of the first is `story.yaml`. */
export function storiesOf(
  texts: readonly (string | StoryText)[],
  context: Partial<StoryContext> = {},
): readonly Story[] {
  const named = texts.map((text, i) =>
    typeof text === 'string'
      ? { text, file: i === 0 ? 'story.yaml' : `story-${i + 1}.yaml` }
      : text,
  );
  return readStories(named, { ...CONTEXT, ...context });
}

/** Reads a scenario with some lines of events, which starts at a local midnight. */
export function storyOf(events: string, head = 'start: 2026-03-02'): Story {
  const [story] = storiesOf([`name: test\n${head}\nevents:\n${events}\n`]);
  if (!story) throw new Error('no story');
  return story;
}

/** The sentences about the errors of a scenario. */
export function faultsOf(text: string | readonly string[], context: Partial<StoryContext> = {}) {
  try {
    storiesOf(typeof text === 'string' ? [text] : text, context);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}
