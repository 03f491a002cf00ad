import { randomUUID } from 'node:crypto';
import { STORIES_MAX } from '../config/variables.ts';
import { ConfigError, type Diagnostic, FAULTS_MAX } from '../core/errors.ts';
import type { FactoryDescription, Machine, ToldDefect } from '../core/factory.ts';
import type { DefectEntry, JournalEntry, ScenarioEntry, Told } from '../core/journal.ts';
import type { DefectOccurrence, Occurrence } from '../core/occurrence.ts';
import type { DefectEvent, Story, StoryEvent } from '../core/story.ts';
import { defectNamed, defects } from '../defects/index.ts';
import { timeText } from '../encoding/time.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { readStories } from '../stories/index.ts';
import { digestOf, storyContext, storyTold } from '../stories/told.ts';
import { CommandError } from './command-error.ts';
import type { EventLog } from './event-log.ts';

/** Characters of all stories that a journal may hold: they stay in memory. */
const TEXTS_MAX = 64 * 1024 * 1024;
/** Events that are shown as those that act. */
const ACTING_MAX = 100;
/** Events that are shown as the next ones. */
const NEXT_MAX = 10;
/** How far ahead the next events are looked for, in steps [s]. */
const AHEAD_S = [3600, 86_400, 31 * 86_400, 366 * 86_400];

/** What stories need from a simulator. */
export interface StorySource {
  /** The fleet may be replaced, so read it each time. */
  readonly fleet: Fleet;
  readonly eventLog: EventLog;
}

/** A story that a client gives. */
export interface StoryWish {
  /** YAML or JSON. */
  readonly text: string;
  /** Whether a person wrote it, so that faults are located in it. */
  readonly isText: boolean;
  /** Zero of its relative times, unless the text has one [s]. */
  readonly startS?: number | undefined;
}

/** A story that goes on, and what is happening in it. */
export interface ActiveStory {
  readonly story: Story;
  readonly digest: string;
  /** When the journal began to tell it [s]. */
  readonly toldS: number;
  readonly active: readonly ActiveEvent[];
  /** The next occurrence of each of the next events, by begin. */
  readonly next: readonly ActiveEvent[];
}

/** An occurrence of an event, with the machines that it names. */
export interface ActiveEvent {
  readonly event: StoryEvent;
  readonly occurrence: Occurrence;
}

/** A defect that a client gives a machine. */
export interface DefectWish {
  readonly kind: string;
  /** Undefined for a kind that happens at an instant. */
  readonly durationS: number | undefined;
  /** Channels, fields and the keys of its kind, as a scenario file has them. */
  readonly keys: Readonly<Record<string, unknown>>;
}

/**
 * The stories of a running factory, and the defects of its instruments. What is given is checked
 * first, then written to the journal, and holds from the next second on.
 */
export class Stories {
  readonly #source: StorySource;
  /** Each command sees the result of the previous one. */
  readonly #commands = new SerialQueue();

  constructor(source: StorySource) {
    this.#source = source;
  }

  /** The stories that have not been ended, oldest first. */
  active(): readonly ActiveStory[] {
    const { fleet, eventLog } = this.#source;
    const nowS = eventLog.nextS();
    return activeTold(eventLog.journal.told).map((told) => {
      const story = storyTold(told, fleet);
      const { text } = told.event as ScenarioEntry;
      const active = story.events.flatMap((event) => actingAt(event, nowS));
      const next = story.events.flatMap((event) => nextOf(event, nowS) ?? []).sort(byBegin);
      const toldS = told.event.timeS;
      return {
        story,
        digest: digestOf(text),
        toldS,
        active: active.slice(0, ACTING_MAX),
        next: next.slice(0, NEXT_MAX),
      };
    });
  }

  /** The story of a name. @throws CommandError if none of that name goes on. */
  get(name: string): ActiveStory {
    const found = this.active().find(({ story }) => story.name === name);
    if (!found) throw noStory(name);
    return found;
  }

  /**
   * Begins a story.
   *
   * @throws ConfigError with everything that is wrong with it; CommandError if one of its name goes
   *   on, or there are too many.
   */
  begin({ text, isText, startS }: StoryWish): Promise<ActiveStory> {
    return this.#commands.run(async () => {
      const { fleet, eventLog } = this.#source;
      await eventLog.settled();
      const nowS = eventLog.nextS();
      const given = { text, file: SCENARIO, startS: startS ?? nowS, fromS: nowS };
      const [story] = inRequest(
        () => readStories([given], storyContext(fleet.factories, fleet)),
        (fault) => faultOfStory(fault, isText),
      ) as [Story];
      if (story.startS !== undefined && story.startS < nowS) throw tooEarly(story.startS, nowS);
      this.#checkRoom(story.name, text);
      const factory = fleet.factories.find(({ id }) => id === story.factoryId);
      const entry: ScenarioEntry = {
        kind: 'scenario',
        name: story.name,
        text,
        factory: factory as FactoryDescription,
        ...(startS !== undefined && { startS }),
      };
      await eventLog.append(entry);
      return this.get(story.name);
    });
  }

  /** Ends a story: what is going on ends now, and nothing more comes. @throws CommandError */
  end(name: string): Promise<ActiveStory> {
    return this.#commands.run(async () => {
      await this.#source.eventLog.settled();
      const found = this.get(name);
      await this.#source.eventLog.append({ kind: 'end_scenario', name });
      return found;
    });
  }

  /**
   * Gives a machine a defect.
   *
   * @throws ConfigError with everything that is wrong with it.
   */
  async addDefect(machine: Machine, wish: DefectWish): Promise<Omit<ToldDefect, 'story'>> {
    const { fleet, eventLog } = this.#source;
    const id = randomUUID();
    const occurrence = checkedDefect(machine, wish, id, fleet);
    const { kind, channels, fields, values } = occurrence;
    const entry: DefectEntry = {
      kind: 'defect',
      id,
      machineId: machine.id,
      factoryId: machine.factoryId,
      defectKind: kind,
      values,
      ...(channels && { channels }),
      ...(fields && { fields }),
      durationS: wish.durationS ?? null,
    };
    const { timeS } = await eventLog.append(entry);
    const endS = timeS + (wish.durationS ?? Number.POSITIVE_INFINITY);
    return { event: id, occurrence: { ...occurrence, beginS: timeS, endS } };
  }

  /**
   * Mends the defects of a machine that act, or those of one kind. What has happened at an instant,
   * such as the exchange of a meter, stays.
   *
   * @returns The defects that were mended; there may be none.
   * @throws CommandError for an unknown kind.
   */
  async mend(machine: Machine, kind?: string): Promise<readonly ToldDefect[]> {
    const { eventLog } = this.#source;
    if (kind !== undefined && !defectNamed(kind)) throw unknownKind(kind);
    await eventLog.settled();
    const nowS = eventLog.nextS();
    const acting = this.#source.fleet.byId.get(machine.id)?.story?.defects(nowS - 1, nowS) ?? [];
    const mended = acting.filter(
      ({ occurrence }) =>
        (kind === undefined || occurrence.kind === kind) &&
        occurrence.endS > nowS &&
        !defectNamed(occurrence.kind)?.isInstant,
    );
    if (mended.length === 0) return [];
    const entry: JournalEntry = { kind: 'mend', machineId: machine.id };
    await eventLog.append(kind === undefined ? entry : { ...entry, defectKind: kind });
    return mended;
  }

  #checkRoom(name: string, text: string): void {
    const { told } = this.#source.eventLog.journal;
    const going = activeTold(told);
    if (going.some(({ event }) => event.kind === 'scenario' && event.name === name))
      throw new CommandError('conflict', `a story of the name ${name} goes on; end it first`);
    if (going.length >= STORIES_MAX)
      throw new CommandError('conflict', `${STORIES_MAX} stories go on; end one first`);
    const texts = told.map(({ event }) => (event.kind === 'scenario' ? event.text.length : 0));
    if (texts.reduce((sum, length) => sum + length, text.length) > TEXTS_MAX)
      throw new CommandError('unavailable', 'the journal has no room for more stories');
  }
}

/** The scenarios that have not been ended. */
function activeTold(told: readonly Told[]): readonly Told[] {
  return told.filter(({ event, untilS }) => event.kind === 'scenario' && untilS === Infinity);
}

function actingAt(event: StoryEvent, nowS: number): readonly ActiveEvent[] {
  return event
    .between(nowS, nowS + 1)
    .filter(({ beginS }) => beginS <= nowS)
    .map((occurrence) => ({ event, occurrence }));
}

/** The next occurrence of an event within a year. */
function nextOf(event: StoryEvent, nowS: number): ActiveEvent | undefined {
  for (const aheadS of AHEAD_S) {
    const found = event.between(nowS, nowS + aheadS).find(({ beginS }) => beginS > nowS);
    if (found) return { event, occurrence: found };
  }
  return undefined;
}

function byBegin(a: ActiveEvent, b: ActiveEvent): number {
  return a.occurrence.beginS - b.occurrence.beginS;
}

/** A defect as its kind takes it, with all draws but those for each reading. */
function checkedDefect(
  { id: machineId, factoryId }: Machine,
  { kind, durationS, keys }: DefectWish,
  id: string,
  fleet: Fleet,
): DefectOccurrence {
  if (!defectNamed(kind)) throw unknownKind(kind);
  const event = {
    id,
    at: 0,
    ...(durationS !== undefined && { duration: durationS }),
    defect: { ...keys, machines: machineId, kind },
  };
  const text = JSON.stringify({
    name: 'defect',
    factory: factoryId,
    start: '2000-01-01',
    events: [event],
  });
  const [story] = inRequest(
    () => readStories([{ text, file: SCENARIO }], storyContext(fleet.factories, fleet)),
    faultOfDefect,
  ) as [Story];
  const [read] = story.events as [DefectEvent];
  return read.between(0, Number.POSITIVE_INFINITY)[0] as DefectOccurrence;
}

/** What the text of a request is called; faults in it end with their places. */
const SCENARIO = 'scenario';
const PLACE = new RegExp(` \\(${SCENARIO}:\\d+:\\d+\\)$`);

/** Reads something, and reports faults in it as those of a request. */
function inRequest<T>(read: () => T, faultOf: (fault: Diagnostic) => Diagnostic): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.faults.slice(0, FAULTS_MAX).map(faultOf));
  }
}

/** A fault of a scenario, whose places mean something only in a text that a person wrote. */
function faultOfStory({ path, message }: Diagnostic, isText: boolean): Diagnostic {
  if (path.startsWith(`${SCENARIO}:`)) return { path: SCENARIO, message: `${message} (${path})` };
  const at = path === 'the file' ? SCENARIO : `${SCENARIO}.${path}`;
  return { path: at, message: isText ? message : message.replace(PLACE, '') };
}

/** A fault in the text that was made of a request for a defect. */
function faultOfDefect({ path, message }: Diagnostic): Diagnostic {
  const key = path.replace(/^events\.0\.?(defect\.?)?/, '');
  const names: Readonly<Record<string, string>> = {
    // The machine is not in the body: what does not go with it is the kind.
    machines: 'kind',
    '': 'kind',
    duration: 'duration_seconds',
  };
  return { path: names[key] ?? key, message: message.replace(PLACE, '') };
}

function unknownKind(kind: string): ConfigError {
  const kinds = defects.map((defect) => defect.kind).join(', ');
  return new ConfigError([
    { path: 'kind', message: `${JSON.stringify(kind)} is not a defect; one of ${kinds}` },
  ]);
}

function noStory(name: string): CommandError {
  return new CommandError('unknown', `no story of the name ${JSON.stringify(name)} goes on`);
}

function tooEarly(startS: number, nowS: number): ConfigError {
  const [start, now] = [startS, nowS].map((tS) => timeText(1000 * tS));
  const message = `${start} is before ${now}, the next second; the past does not change`;
  return new ConfigError([{ path: 'start', message }]);
}
