import { ConfigError, type Diagnostic, knownNames } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';
import type { Occurrence, Span } from '../core/occurrence.ts';
import type { PeriodName, Story, StoryEvent } from '../core/story.ts';
import { parse } from '../factory/document.ts';
import type { Catalogue } from '../factory/machine-types.ts';
import { entry, type GivenValues } from '../schema/composite-type.ts';
import { Diagnostics, type Place, shown } from '../schema/diagnostics.ts';
import { Zone } from '../site/zone.ts';
import { type Draft, draftOf, eventOf, type ReadEvent, timeOf } from './event.ts';
import type { EventBody } from './event-reader.ts';
import { STORY_KEYS } from './keys.ts';
import { Roster } from './roster.ts';
import type { Schedule } from './schedule.ts';
import type { Moment } from './times.ts';

/** Largest scenario [bytes]. */
export const SCENARIO_MAX_BYTES = 1024 * 1024;
/** The number of errors to report for a file. */
const ERRORS_MAX = 250;

/** The text of a scenario, YAML or JSON. */
export interface StoryText {
  readonly text: string;
  /** Its file, as messages call it. */
  readonly file: string;
  /** SHA-256 of the bytes of the file, in hexadecimal digits. */
  readonly digest?: string;
  /** Zero of its relative times if it has none of its own [s]. */
  readonly startS?: number;
  /** How often a story of its name was told before; 0, if not given. */
  readonly telling?: number;
  /** Since when it is told [s]: what began before begins then. */
  readonly fromS?: number;
  /** Until when it is told [s]: what goes on ends then. */
  readonly untilS?: number;
}

/** What a scenario is read with. */
export interface StoryContext {
  readonly factories: readonly FactoryDescription[];
  /** The machine types that there are. */
  readonly catalogue: Catalogue;
  /** Seed of the run, for scenarios without one. */
  readonly seed: number;
  /** Whether a machine has an energy register. */
  hasRegister(machineId: string): boolean;
}

/** A scenario while it is read. */
interface Reading {
  readonly text: StoryText;
  readonly diagnostics: Diagnostics;
  readonly given: GivenValues<typeof STORY_KEYS>;
  readonly roster: Roster;
  readonly zone: Zone;
  readonly name: string;
  readonly seed: number;
  readonly startS: number | undefined;
  readonly periods: Story['periods'];
  readonly drafts: readonly Draft[];
}

/**
 * Reads scenarios, in the order in which they are given.
 *
 * @throws ConfigError with all errors in all of them, each with its file, line and column.
 */
export function readStories(texts: readonly StoryText[], context: StoryContext): readonly Story[] {
  const errors: Diagnostic[] = [];
  const rosters = new Map<string, Roster>();
  const named = new Map<string, string>();
  const readings = texts.flatMap((text) => {
    const found = collected(errors, (diagnosed) => begun(text, context, rosters, named, diagnosed));
    return found ?? [];
  });
  // Machines that any change adds are known to all events.
  const bodies = new Map<Draft, ReadEvent>();
  for (const isChange of [true, false])
    for (const reading of readings)
      collected(errors, (diagnosed) => {
        diagnosed(reading.diagnostics);
        for (const draft of reading.drafts) {
          if ((draft.class === 'change') !== isChange) continue;
          const event = eventOf(draft, { ...context, roster: reading.roster, zone: reading.zone });
          if (event) bodies.set(draft, event);
        }
      });
  if (errors.length > 0) throw new ConfigError(errors);
  return readings.map((reading) => storyOf(reading, bodies));
}

/** Runs a part of the reading, and adds the errors that it reports. */
function collected<T>(
  errors: Diagnostic[],
  run: (diagnosed: (diagnostics: Diagnostics) => void) => T,
): T | undefined {
  let diagnostics: Diagnostics | undefined;
  let before = 0;
  try {
    return run((each) => {
      diagnostics = each;
      before = each.errors.length;
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (!diagnostics) errors.push(...error.faults);
    return undefined;
  } finally {
    errors.push(...(diagnostics?.errors.slice(before) ?? []));
  }
}

function begun(
  text: StoryText,
  { factories, catalogue, seed }: StoryContext,
  rosters: Map<string, Roster>,
  named: Map<string, string>,
  diagnosed: (diagnostics: Diagnostics) => void,
): Reading | undefined {
  if (text.text.length > SCENARIO_MAX_BYTES)
    throw new ConfigError([{ path: text.file, message: 'is larger than 1 MiB' }]);
  const document = parse(text.text, text.file);
  const diagnostics = new Diagnostics({ ...document, errorsMax: ERRORS_MAX });
  diagnosed(diagnostics);
  const { top } = diagnostics;
  const given = entry(STORY_KEYS).readGiven(document.content, top);
  if (!given) return undefined;
  const name = given.name ?? '';
  if (given.name !== undefined) {
    const where = document.place(['name']);
    const other = named.get(name);
    if (other) top.at('name').error(`is the name of another scenario, too: ${other}`);
    else named.set(name, where);
  }
  const factory = factoryOf(given.factory, factories, top);
  if (!factory) return undefined;
  const zone = new Zone(factory.timeZone);
  const startS = given.start
    ? timeOf(given.start, top.at('start'), { zone, startS: undefined })
    : text.startS;
  const roster = rosters.get(factory.id) ?? new Roster(factory, catalogue);
  rosters.set(factory.id, roster);
  const story = { seed: given.seed ?? seed, name };
  const setting = {
    story,
    zone,
    startS,
    fromS: text.fromS ?? Number.NEGATIVE_INFINITY,
    untilS: text.untilS ?? Number.POSITIVE_INFINITY,
  };
  const ids = new Map<string, string>();
  const places = top.at('events');
  const drafts = (given.events ?? []).flatMap((content, i) => {
    const draft = draftOf(content, i + 1, places.at(i), setting);
    if (!draft) return [];
    const other = ids.get(draft.id);
    if (other) places.at(i).at('id').error(`${draft.id} is the id of another event, too: ${other}`);
    else ids.set(draft.id, document.place(['events', i]));
    return [draft];
  });
  const periods = periodsOf(given.periods, top.at('periods'), setting);
  return {
    text,
    diagnostics,
    given,
    roster,
    zone,
    name,
    seed: story.seed,
    startS,
    periods,
    drafts,
  };
}

function periodsOf(
  given: GivenValues<typeof STORY_KEYS>['periods'],
  place: Place,
  setting: Parameters<typeof timeOf>[2],
): Story['periods'] {
  if (!given) return undefined;
  const periods = Object.entries(given).flatMap(([name, period]) => {
    const at = place.at(name);
    const { from, to } = period as { readonly from: Moment; readonly to: Moment };
    const fromS = timeOf(from, at.at('from'), setting);
    const toS = timeOf(to, at.at('to'), setting);
    if (fromS === undefined || toS === undefined) return [];
    if (toS <= fromS) at.at('to').error('is not after from');
    return [[name as PeriodName, { fromS, toS }] as const];
  });
  return Object.fromEntries(periods);
}

function factoryOf(
  name: string | undefined,
  factories: readonly FactoryDescription[],
  top: Place,
): FactoryDescription | undefined {
  const names = factories.map((factory) => factory.name);
  if (name === undefined) {
    if (factories.length === 1) return factories[0];
    return top.at('factory').error(`is missing; one of ${names.slice(0, 20).join(', ')}`);
  }
  const found = factories.find((each) => each.name === name || each.id === name.toLowerCase());
  return (
    found ?? top.at('factory').error(`${shown(name)} is not a factory; ${knownNames(name, names)}`)
  );
}

function storyOf(reading: Reading, bodies: ReadonlyMap<Draft, ReadEvent>): Story {
  const { given, drafts, name, seed, startS, roster, text } = reading;
  const { about } = given;
  const events = drafts.flatMap((draft) => bodies.get(draft)?.event ?? []);
  const story: Story = {
    name,
    factoryId: roster.factory.id,
    seed,
    events,
    ...(text.digest !== undefined && { digest: text.digest }),
    ...(text.telling !== undefined && { telling: text.telling }),
    ...(about !== undefined && { about }),
    ...(startS !== undefined && { startS }),
    ...(reading.periods && { periods: reading.periods }),
  };
  const names = new Map(roster.machines.map((machine) => [machine.id, machine.name]));
  const own = drafts.map((draft) => bodies.get(draft)?.body as EventBody);
  details.set(story, { bodies: own, schedules: drafts.map(({ schedule }) => schedule), names });
  return story;
}

/** What the timeline of a story needs besides the story itself. */
interface Details {
  /** In the order of its events. */
  readonly bodies: readonly EventBody[];
  readonly schedules: readonly Schedule[];
  /** Names of the machines by id. */
  readonly names: ReadonlyMap<string, string>;
}

const details = new WeakMap<Story, Details>();

/** What happens to one machine in one occurrence of an event. */
export interface TimelineRow {
  readonly event: string;
  readonly occurrence: number;
  readonly class: StoryEvent['class'];
  /** Null for a change of the whole factory. */
  readonly machine: string | null;
  readonly beginS: number;
  /** Infinite: for good. */
  readonly endS: number;
  /** Its resolved keys. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The keys of an occurrence of an event, as a file has them; undefined for other stories. */
export function valuesOf(
  story: Story,
  event: StoryEvent,
  occurrence: Occurrence,
): Readonly<Record<string, unknown>> | undefined {
  const body = details.get(story)?.bodies[story.events.indexOf(event)];
  return body?.values(occurrence as never);
}

/** Events that repeat without end are shown for so long [s]. */
const YEAR_S = 366 * 86_400;

/**
 * What happens in a story that was read here, by begin.
 *
 * @param window - Only what acts within it. Without it everything, and for a year after the start
 *   what repeats without end.
 * @throws RangeError if there are more than `rowsMax` rows.
 */
export function timelineOf(
  story: Story,
  rowsMax: number,
  window?: Partial<Span>,
): readonly TimelineRow[] {
  const { bodies = [], schedules = [], names = new Map() } = details.get(story) ?? {};
  const startS =
    story.startS ?? schedules.reduce((least, { atS }) => Math.min(least, atS), Infinity);
  const rows: TimelineRow[] = [];
  for (const [i, event] of story.events.entries()) {
    const body = bodies[i] as EventBody;
    const { everyS, times = 1 } = schedules[i] ?? {};
    const isEndless = everyS !== undefined && times === Number.POSITIVE_INFINITY;
    const { fromS = Number.NEGATIVE_INFINITY, toS = Number.POSITIVE_INFINITY } = window ?? {};
    const untilS = isEndless ? Math.min(toS, Math.max(startS, fromS) + YEAR_S) : toS;
    for (const each of event.between(fromS, untilS)) {
      const ids = body.named(each);
      for (const id of ids.length > 0 ? ids : [undefined]) {
        if (rows.length === rowsMax)
          throw new RangeError(`more than ${rowsMax} occurrences; choose a shorter window`);
        const { index, beginS, endS } = each;
        rows.push({
          event: event.id,
          occurrence: index,
          class: event.class,
          machine: id === undefined ? null : (names.get(id) ?? id),
          beginS,
          endS,
          values: body.values(each as never),
        });
      }
    }
  }
  return rows.sort((a, b) => a.beginS - b.beginS);
}

/**
 * The stories as if some events were not in them. Other events stay the same objects.
 *
 * @param ids - Ids of events; `scenario/id` where several stories have an event of that id.
 * @throws ConfigError for an id that no story has, or several.
 */
export function storiesWithout(
  stories: readonly Story[],
  ids: readonly string[],
): readonly Story[] {
  const errors: Diagnostic[] = [];
  const left = new Set<StoryEvent>();
  for (const id of ids) {
    const found = stories.flatMap((story) =>
      story.events.filter((event) => event.id === id || `${story.name}/${event.id}` === id),
    );
    const known = stories.flatMap((story) => story.events.map((event) => event.id));
    if (found.length === 0)
      errors.push({ path: id, message: `is not an event of a scenario; ${knownNames(id, known)}` });
    else if (found.length > 1)
      errors.push({ path: id, message: 'is an event of several scenarios; write scenario/id' });
    else left.add(found[0] as StoryEvent);
  }
  if (errors.length > 0) throw new ConfigError(errors);
  return stories.map((story) => {
    const events = story.events.filter((event) => !left.has(event));
    return events.length === story.events.length ? story : { ...story, events };
  });
}
