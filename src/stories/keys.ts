import { SEVERITY } from '../core/anomaly.ts';
import type { Defect, DefectKey } from '../core/defect.ts';
import type { Draw } from '../core/occurrence.ts';
import { CHANGE_REASONS, PERIOD_NAMES } from '../core/story.ts';
import { PHASES } from '../defects/phases.ts';
import { WEEKDAYS, WORKING_TIME_KEYS } from '../factory/calendar.ts';
import { CLIMATE_KEYS } from '../factory/factory.ts';
import { MACHINE_ENTRY } from '../factory/machine.ts';
import { NAME } from '../factory/names.ts';
import { NETWORKS_KEYS } from '../factory/networks.ts';
import {
  type AnyType,
  asMapping,
  type CompositeType,
  entry,
  type Key,
  type Keys,
  key,
  list,
  mapped,
  mapping,
  required,
  unread,
} from '../schema/composite-type.ts';
import {
  choice,
  number,
  pattern,
  position,
  positive,
  text,
  type ValueType,
  whole,
} from '../schema/value-type.ts';
import { ZONE } from '../schema/zone.ts';
import { drawable, type OneOf, oneOf } from './draws.ts';
import { length, MOMENT_OR_LENGTH, type Moment, START } from './times.ts';

const EVENTS_MAX = 10_000;
/** Longest event [s]: ten years. */
const DURATION_MAX_S = 3660 * 86_400;
const MACHINES_MAX = 100_000;

/** The name of a scenario, and of an event in it. */
const IDENTIFIER = pattern(
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  'a name of lower-case letters, digits and hyphens, such as growing-leak',
);

/** A value, or a list of them; read as a list. */
function oneOrMore<T>(type: ValueType<T>): CompositeType<readonly T[]> {
  const several = list(1, MACHINES_MAX, type);
  return {
    expected: `${type.expected}, or a list`,
    schema: { anyOf: [type.schema, several.schema] },
    read(value, place) {
      if (Array.isArray(value)) return several.read(value, place);
      const only = type.parse(value);
      return only === undefined ? place.notAccepted(value, type) : [only];
    },
  };
}

/** A value, or a draw of one of several. */
function oneOfOr<T>(type: ValueType<T>): CompositeType<T | OneOf<T>> {
  const draw = oneOf(type);
  return {
    expected: `${type.expected}; or ${draw.expected}`,
    schema: { anyOf: [type.schema, draw.schema] },
    read(value, place) {
      if (asMapping(value)) return draw.read(value, place);
      const only = type.parse(value);
      return only === undefined ? place.notAccepted(value, type) : only;
    },
  };
}

const MOMENT: ValueType<Moment> = MOMENT_OR_LENGTH;
/** A time between two after the start of the scenario. */
type After = Draw & { readonly between: unknown };
const AFTER = drawable(length(0, 100 * 366 * 86_400));
const AT: CompositeType<Moment | OneOf<Moment> | After> = {
  expected: `${MOMENT.expected}; or a draw`,
  schema: {
    anyOf: [MOMENT.schema, { $ref: '#/definitions/between' }, { $ref: '#/definitions/one_of' }],
  },
  read(value, place) {
    const content = asMapping(value);
    if (!content) {
      const moment = MOMENT.parse(value);
      return moment === undefined ? place.notAccepted(value, MOMENT) : moment;
    }
    if ('one_of' in content) return oneOf(MOMENT).read(value, place);
    return AFTER.read(value, place) as After | undefined;
  },
};

/** A period. */
export const PERIOD_KEYS = {
  from: required(MOMENT, 'Begin: an instant, or a time after the start of the scenario.'),
  to: required(MOMENT, 'End, in the same forms.'),
};

/** The periods, by name. */
export const PERIODS_KEYS = Object.fromEntries(
  PERIOD_NAMES.map((name) => [
    name,
    key(entry(PERIOD_KEYS, { $ref: '#/definitions/period' }), `The ${name} period.`),
  ]),
);

/** The top level of a scenario file. */
export const STORY_KEYS = {
  $schema: key(text(2000), 'Location of the JSON Schema, for editors.'),
  name: required(IDENTIFIER, 'Name. Part of every draw: a renamed scenario draws anew.'),
  about: key(multiline(10_000), 'What happens, for people.'),
  factory: key(NAME, 'Name or id of the factory in which it happens; needed if there are several.'),
  start: key(START, 'Zero of relative times. Default: --scenario-start, or start of the request.'),
  seed: key(whole(0, Number.MAX_SAFE_INTEGER), 'Seed of its draws. Default: that of the run.'),
  periods: key(
    mapping(PERIODS_KEYS, { $ref: '#/definitions/periods' }),
    'Parts of the time, for graders. They change nothing.',
  ),
  events: required(list(1, EVENTS_MAX, unread({ $ref: '#/definitions/event' })), 'What happens.'),
} satisfies Keys;

/** The classes of events, each the key of an event that says what happens. */
export const CLASSES = ['fault', 'defect', 'change', 'stop'] as const;
/** A class of events. */
export type EventClass = (typeof CLASSES)[number];

const CURVES = ['linear', 'smooth', 'exponential', 'steps'] as const;

/** The keys of every event. */
export const EVENT_KEYS = {
  id: key(IDENTIFIER, 'Unique name. Default: event- and its place in the file.'),
  at: required(AT, 'Begin: an instant, a time after the start, or a draw.'),
  duration: key(
    drawable(length(1, DURATION_MAX_S)),
    'Length. Default: 300 s for a fault, otherwise for good.',
  ),
  until: key(MOMENT, 'End: an instant, or a time after the start.'),
  ramp: key(length(0, DURATION_MAX_S), 'Time in which it grows to its full intensity.'),
  curve: key(choice(CURVES), 'Shape of the ramp. Default: linear.'),
  fade: key(length(0, DURATION_MAX_S), 'Time in which it fades before its end.'),
  every: key(length(1, DURATION_MAX_S), 'Time from one occurrence to the next.'),
  times: key(whole(1, 1_000_000), 'Number of occurrences. Default: no end.'),
  jitter: key(
    length(0, DURATION_MAX_S),
    'Moves each occurrence evenly by up to so much both ways; below half of every.',
  ),
  chance: key(number(0, 1), 'Chance of each occurrence. Default: 1.'),
  days: key(
    mapped(list(1, WEEKDAYS.length, position(WEEKDAYS)), (days) => [...new Set(days)]),
    'Local weekdays on which it occurs, before its jitter. Default: all.',
  ),
  note: key(multiline(10_000), 'For people.'),
  fault: key(unread({ $ref: '#/definitions/fault' }), 'Something is wrong with a machine.'),
  defect: key(
    unread({ $ref: '#/definitions/defect' }),
    'Something is wrong with an instrument, its wiring, its register, its clock or its delivery.',
  ),
  change: key(unread({ $ref: '#/definitions/change' }), 'The factory is another one from then on.'),
  stop: key(unread({ $ref: '#/definitions/stop' }), 'Machines stand.'),
} satisfies Keys;

/** A fault. */
export const FAULT_KEYS = {
  machine: required(oneOfOr(NAME), 'Name or id of a machine, or one_of several.'),
  type: required(NAME, 'A fault of the machine’s type.'),
  severity: key(
    drawable(number(SEVERITY.min, SEVERITY.max)),
    `Severity. Default: ${SEVERITY.default}.`,
  ),
} satisfies Keys;

/** A stop. */
export const STOP_KEYS = {
  machines: required(oneOrMore(NAME), "Names or ids of machines, or '*'."),
} satisfies Keys;

/** A change. */
export const CHANGE_KEYS = {
  as: required(
    choice(CHANGE_REASONS),
    'measure: meant to save. non_routine: a static factor changed. routine: a planned variable.',
  ),
  machine: key(NAME, 'The machine that changes, by name or id.'),
  parameters: key(unread({ type: 'object' }), 'Its new parameters, merged over those it has.'),
  ratedPowerKw: key(positive(10_000), 'Its new rated power [kW].'),
  type: key(NAME, 'The type of a machine in its place, with the defaults of the type.'),
  add: key(list(1, MACHINES_MAX, MACHINE_ENTRY), 'New machines, as in a factory file.'),
  remove: key(list(1, MACHINES_MAX, NAME), 'Machines that leave, by name or id.'),
  calendar: key(WORKING_TIME_KEYS.calendar.type, 'Replaces when the factory works.'),
  networks: key(
    mapping(NETWORKS_KEYS, { $ref: '#/definitions/networks' }),
    'Replaces the networks through which machines supply each other.',
  ),
  climate: key(mapping(CLIMATE_KEYS, { $ref: '#/definitions/climate' }), 'Replaces the seasons.'),
} satisfies Keys;

/** The keys of every defect. */
const COMMON_DEFECT_KEYS = {
  machines: required(oneOrMore(NAME), "Names or ids of machines, or '*' for all of the factory."),
  kind: required(NAME, 'What is wrong.'),
} satisfies Keys;

/** The keys of a kind of defect, of the others as well. */
export function defectKeys(defect: Defect): Keys {
  const own = Object.entries(defect.keys).map(([name, each]) => [name, keyOf(name, each)]);
  return {
    ...COMMON_DEFECT_KEYS,
    ...(defect.class === 'value' && {
      fields: required(oneOrMore(NAME), 'Names of the fields.'),
    }),
    ...(defect.class === 'delivery' && {
      channels: key(oneOrMore(NAME), 'Names of the channels. Default: all.'),
    }),
    ...Object.fromEntries(own),
  };
}

function keyOf(
  name: string,
  { about, type, default: byDefault, isOptional }: DefectKey,
): Key<unknown> {
  const isNeeded = byDefault === undefined && !isOptional && type.is !== 'zone';
  const usual = typeof byDefault === 'object' ? undefined : byDefault;
  const read = typeOf(type);
  return isNeeded
    ? required(read, about, { name })
    : key(read, about, { name, ...(usual !== undefined && { usual }) });
}

function typeOf(type: DefectKey['type']): AnyType<unknown> {
  switch (type.is) {
    case 'number':
      return drawable(numberOf(type));
    case 'duration':
      return drawable(length(type.min, type.max));
    case 'choice':
      return named(type.names);
    case 'phases':
      return phases(type.min, type.max);
    case 'zone':
      return ZONE;
  }
}

function numberOf({ min, max, isAbove, isWhole }: DefectKey['type'] & { is: 'number' }) {
  if (isAbove) return positive(max);
  return isWhole ? whole(min, max) : number(min, max);
}

/** One of several names whose case matters: units. */
function named(names: readonly string[]): ValueType<string> {
  return {
    expected: names.join(', '),
    schema: { type: 'string', enum: names },
    parse: (value) => names.find((name) => name === value),
    names: () => names,
  };
}

function phases(min: number, max: number): ValueType<readonly string[]> {
  const expected = `a list of ${min === max ? min : `${min} to ${max}`} of ${PHASES.join(', ')}`;
  return {
    expected,
    schema: {
      type: 'array',
      minItems: min,
      maxItems: max,
      uniqueItems: true,
      items: { enum: PHASES },
    },
    parse(value) {
      if (!Array.isArray(value) || value.length < min || value.length > max) return undefined;
      const isRight = value.every((each) => PHASES.includes(each));
      return isRight && new Set(value).size === value.length ? value : undefined;
    },
  };
}

/** Text of several lines. */
function multiline(maxLength: number): ValueType<string> {
  return {
    expected: `text of 1 to ${maxLength} characters`,
    schema: { type: 'string', minLength: 1, maxLength },
    parse: (value) =>
      typeof value === 'string' && value.trim() !== '' && value.length <= maxLength
        ? value
        : undefined,
  };
}
