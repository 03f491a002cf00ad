import { ConfigError } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';
import type { JournalEntry, JournalEvent } from '../core/journal.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { readStories, type StoryText } from '../stories/index.ts';
import { storyContext } from '../stories/told.ts';

/** What the stories of a configuration are read with. */
export interface StoryGround
  extends Pick<Fleet, 'types' | 'seed' | 'registersFromS' | 'haveAllRegisters'> {
  readonly factories: readonly FactoryDescription[];
}

/**
 * The entries by which a journal tells the stories of a configuration: the end of those that it
 * names no more, and the beginning of those that it names now. A story that a client ended stays
 * ended.
 *
 * @param fromS - When they begin.
 * @param isWhole - Whether they belong to the beginning of a store, with all of their past.
 * @throws ConfigError with everything that is wrong with them.
 */
export function configuredEntries(
  texts: readonly StoryText[],
  events: readonly JournalEvent[],
  ground: StoryGround,
  fromS: number,
  isWhole: boolean,
): readonly JournalEntry[] {
  const going = scenariosIn(events).filter((each) => each.end === undefined);
  const replaced = going.filter(
    ({ begin }) => begin.file !== undefined && texts.every(({ text }) => text !== begin.text),
  );
  const fresh = texts.filter(({ text }) => !isTold(text, events));
  const given = fresh.map((text) => ({ ...text, startS: fromS, ...(!isWhole && { fromS }) }));
  const stories = readStories(given, storyContext(ground.factories, ground));
  const kept = going.filter((each) => !replaced.includes(each));
  for (const [i, { name }] of stories.entries())
    if (kept.some(({ begin }) => begin.name === name)) {
      const message = `is named ${name}, as a story is that goes on; end that one, or rename it`;
      throw new ConfigError([{ path: (fresh[i] as StoryText).file, message }]);
    }
  return [
    ...replaced.map(({ begin }): JournalEntry => {
      return { kind: 'end_scenario', name: begin.name, isReplaced: true };
    }),
    ...stories.map((story, i): JournalEntry => {
      const { text, file } = fresh[i] as StoryText;
      const factory = ground.factories.find(({ id }) => id === story.factoryId);
      return {
        kind: 'scenario',
        name: story.name,
        text,
        factory: factory as FactoryDescription,
        file,
        ...(isWhole && { isWhole }),
      };
    }),
  ];
}

type Begin = JournalEvent & { kind: 'scenario' };
type End = JournalEvent & { kind: 'end_scenario' };

/** The scenarios of a journal, and how each was ended. */
function scenariosIn(events: readonly JournalEvent[]) {
  return events.flatMap((begin, i): { begin: Begin; end: End | undefined }[] => {
    if (begin.kind !== 'scenario') return [];
    const isEnd = (event: JournalEvent): event is End =>
      event.kind === 'end_scenario' && event.name === begin.name;
    return [{ begin, end: events.slice(i + 1).find(isEnd) }];
  });
}

/** Whether a text of the configuration goes on, or was ended by a client. */
function isTold(text: string, events: readonly JournalEvent[]): boolean {
  const last = scenariosIn(events).findLast(
    ({ begin }) => begin.file !== undefined && begin.text === text,
  );
  return last !== undefined && !last.end?.isReplaced;
}
