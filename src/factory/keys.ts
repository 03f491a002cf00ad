import { DURATION_S, SEVERITY } from '../core/anomaly.ts';
import { FLEET_MACHINES_MAX } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { type MachineType, type Parameter, parameterContent } from '../core/machine.ts';
import { machineTypes } from '../machines/index.ts';
import {
  choice,
  type JsonSchema,
  type Kind,
  number,
  type Range,
  range,
  text,
  whole,
} from '../schema/kinds.ts';
import {
  DATE,
  duration,
  END_MINUTE,
  INTERVAL_S,
  START_MINUTE,
  WHOLE_INSTANT_MS,
} from '../schema/times.ts';
import { ZONE } from '../schema/zone.ts';
import { DEFAULT_CALENDAR, DEFAULT_CLIMATE, DEFAULT_FACTORY } from './default-factory.ts';
import { COUNTRY, REGION } from './holidays.ts';
import { type Key, list, mapping } from './mapping.ts';
import { ID, NAME, TOPIC, TOPIC_LEVEL } from './names.ts';

/** Each factory has its own weather and calendar. */
const FACTORIES_MAX = 10_000;
/** A shift an hour of the week. */
const SHIFTS_MAX = 168;
/** A century of them. */
const HOLIDAYS_MAX = 2000;
/** Closures, and extra shifts, of ten years: some are looked through for every hour. */
const EXCEPTIONS_MAX = 1000;
/** Production in a closure: what is started for maintenance and for the next shift. */
export const CLOSED_SHARE = 0.1;

/** How a file calls the days of a week, from Sunday on. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
/** One of them. */
export const WEEKDAY = choice(WEEKDAYS);
/** The faults of a machine are looked through for every span of its time. */
const FAULTS_MAX = 1000;

/** Other names of machine types, from registries. */
const TYPE_ALIASES: Readonly<Record<string, string>> = { conveyor: 'motor' };

/** Every name that a machine type may be called by, with the type. */
export const TYPES: ReadonlyMap<string, MachineType> = new Map(
  [...machineTypes.map(({ type }) => [type, type]), ...Object.entries(TYPE_ALIASES)].flatMap(
    ([name, type]) => {
      const machineType = machineTypes.find((each) => each.type === type);
      return machineType ? [[name as string, machineType] as const] : [];
    },
  ),
);

const SHARE = number(0, 1);
const REMARK = text(2000);

function key<T>(kind: Kind<T>, about: string, byDefault?: string | number): Key<T> {
  return byDefault === undefined ? { kind, about } : { kind, about, default: byDefault };
}

function required<T>(kind: Kind<T>, about: string): Key<T> {
  return { kind, about, isRequired: true };
}

function reference(definition: string): JsonSchema {
  return { $ref: `#/definitions/${definition}` };
}

/** The file itself. */
export const FILE_KEYS = {
  $schema: key(REMARK, 'Where an editor finds the schema of this file.'),
  factories: required(list(1, FACTORIES_MAX, reference('factory')), 'The factories.'),
};

/** Keys of a file that are its writer's own. */
export const OWN_KEY = /^x-/;

const shifts = () => list(0, SHIFTS_MAX, reference('shift'));

/** A factory. */
export const FACTORY_KEYS = {
  id: key(ID, 'Where it is missing, it follows from the name.'),
  name: required(NAME, 'Unlike that of any other factory.'),
  topic: key(TOPIC_LEVEL, 'Second level of its machines’ topics; else made of the name.'),
  timezone: key(ZONE, 'Time zone of shifts, weekends and seasons.', DEFAULT_FACTORY.timeZone),
  location: key(NAME, 'Where it stands, for people.'),
  latitude: key(number(-90, 90), 'Degrees north; else a guess from the time zone.'),
  longitude: key(number(-180, 180), 'Degrees east; else a guess from the time zone.'),
  voltage: key(number(100, 1000), 'Line-to-line voltage [V].', DEFAULT_FACTORY.nominalVoltageV),
  frequency: key(choice([50, 60]), 'Of the grid [Hz].', DEFAULT_FACTORY.nominalFrequencyHz),
  climate: key(mapping(reference('climate')), 'How warm its seasons are.'),
  shifts: key(shifts(), 'Short for a calendar that has nothing but shifts.'),
  calendar: key(mapping(reference('calendar')), 'When it works.'),
  networks: key(mapping(reference('networks')), 'By which its machines take from each other.'),
  count: key(
    whole(1, FACTORIES_MAX),
    'So many factories like this one, their names and topics numbered from 1.',
  ),
  machines: required(list(1, FLEET_MACHINES_MAX, reference('machine')), 'Its machines.'),
};

/** How warm a factory's seasons are. */
export const CLIMATE_KEYS = {
  base_temp_c: key(
    number(-40, 40),
    'Mean outdoor temperature midway between the seasons [°C].',
    DEFAULT_CLIMATE.baseTempC,
  ),
  summer_offset_k: key(
    number(0, 40),
    'What the three warm months add to it [K].',
    DEFAULT_CLIMATE.summerOffsetK,
  ),
  winter_offset_k: key(
    number(-60, 0),
    'What the three cold months add to it [K].',
    DEFAULT_CLIMATE.winterOffsetK,
  ),
};

/** When a factory works. */
export const CALENDAR_KEYS = {
  shifts: key(shifts(), 'Its shifts, none overlapping another; else those of SHIFT_1 and SHIFT_2.'),
  rest_load: key(
    SHARE,
    'Production outside every shift, of the full one; else SHIFT_3_FACTOR.',
    DEFAULT_CALENDAR.restShare,
  ),
  weekend_load: key(
    SHARE,
    'Production on Saturdays, Sundays and holidays, of the full one.',
    DEFAULT_CALENDAR.weekendShare,
  ),
  holidays: key(list(0, HOLIDAYS_MAX, DATE.schema), 'Local dates that are worked like a weekend.'),
  public_holidays: key(mapping(reference('public_holidays')), 'Holidays of a place, likewise.'),
  closures: key(
    list(0, EXCEPTIONS_MAX, { anyOf: [DATE.schema, reference('closure')] }),
    'Dates and spans of dates on which it is closed.',
  ),
  extra_shifts: key(
    list(0, EXCEPTIONS_MAX, reference('extra_shift')),
    'Shifts that are worked once, whatever the day is otherwise.',
  ),
};

/** Where public holidays are those of, from 2000 to 2050. */
export const PUBLIC_HOLIDAYS_KEYS = {
  country: required(COUNTRY, 'Two letters of ISO 3166, like DE.'),
  region: key(REGION, 'A state, like BY or NSW, or a region of one, like BY-A.'),
};

/** Days on which a factory is closed. */
export const CLOSURE_KEYS = {
  from: required(DATE, 'The first local date.'),
  to: required(DATE, 'The last one, included.'),
  load: key(SHARE, 'Production that goes on, of the full one.', CLOSED_SHARE),
};

/** A part of the local day in which a factory works. */
export const SHIFT_KEYS = {
  start: required(START_MINUTE, 'Local time: a whole hour or HH:MM.'),
  end: required(END_MINUTE, 'Local time; before the start, it is on the next day.'),
  load: key(SHARE, 'Production, of the full one.', 1),
  days: key(
    list(1, WEEKDAYS.length, WEEKDAY.schema),
    'Weekdays on which it begins; it then goes on to its end. Else Monday to Friday, within these.',
  ),
};

const { days: _weekly, ...TIMES_KEYS } = SHIFT_KEYS;

/** A shift that is worked once. */
export const EXTRA_SHIFT_KEYS = {
  date: required(DATE, 'The local date on which it begins.'),
  ...TIMES_KEYS,
};

/** A machine. */
export const MACHINE_KEYS = {
  id: key(ID, 'Where it is missing, it follows from the name and the factory.'),
  name: required(NAME, 'Unlike that of any other machine of the factory.'),
  type: required(choice([...TYPES.keys()]), 'What it is; a conveyor is a motor.'),
  description: key(REMARK, 'For people.'),
  rated_power_kw: key(number(0.1, 10_000), 'Rated electrical power [kW]; else the type’s default.'),
  interval: key(INTERVAL_S, 'Seconds between two readings; else the type’s default.'),
  topic: key(TOPIC, 'First three levels of its topics; else factory/, the factory’s, the name.'),
  parameters: key(mapping({ type: 'object' }), 'Departures from the type’s defaults.'),
  faults: key(list(0, FAULTS_MAX, reference('fault')), 'Faults that it is to have.'),
  count: key(
    whole(1, FLEET_MACHINES_MAX),
    'So many machines like this one, their names and topics numbered from 1.',
  ),
  spread: key(mapping(reference('spread')), 'In what they differ; goes with count.'),
};

/** In what the machines of a count differ. */
export const SPREAD_KEYS = {
  rated_power_kw: key(range(number(0.1, 10_000)), 'Lowest and highest rated power [kW].'),
  parameters: key(mapping({ type: 'object' }), 'The lowest and the highest value of each.'),
};

/** Parameters that the machines of a count may differ in: those that are numbers. */
export function spreadKeys(type: MachineType): Record<string, Key<Range>> {
  const entries = Object.entries(type.parameters)
    .filter(([name, { choices }]) => name !== 'ratedPowerKw' && !choices)
    .map(([name, parameter]) => [
      wireName(name),
      key(range(parameterKind(parameter)), parameter.about),
    ]);
  return Object.fromEntries(entries);
}

/** A fault that a machine is to have. */
export const FAULT_KEYS = {
  type: required(NAME, 'One of the faults of the machine’s type.'),
  start: required(WHOLE_INSTANT_MS, 'When it begins: an instant, or a date (midnight UTC).'),
  duration: key(
    duration(DURATION_S.min, DURATION_S.max),
    'Seconds, or a duration like 90m, 24h or 7d.',
    DURATION_S.default,
  ),
  severity: key(number(SEVERITY.min, SEVERITY.max), 'How strong it is.', SEVERITY.default),
};

/** Keys of the parameters that a machine of a type may change, by the names in a file. */
export function parameterKeys(type: MachineType): Record<string, Key<number>> {
  const entries = Object.entries(type.parameters)
    .filter(([name]) => name !== 'ratedPowerKw')
    .map(([name, parameter]) => [
      wireName(name),
      key(parameterKind(parameter), parameter.about, parameterContent(parameter, parameter.value)),
    ]);
  return Object.fromEntries(entries);
}

/** What is accepted for a parameter, read as the number that a model works with. */
function parameterKind({ range, choices, isWhole }: Parameter): Kind<number> {
  if (!choices) return isWhole ? whole(...range) : number(...range);
  const names = choice(choices);
  return {
    ...names,
    read: (value) => {
      const name = names.read(value);
      return name === undefined ? undefined : choices.indexOf(name);
    },
  };
}
