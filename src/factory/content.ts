import type {
  CalendarDescription,
  FactoryDescription,
  MachineDescription,
  PublicHolidays,
  Shift,
} from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { parameterContent } from '../core/machine.ts';
import { instantText } from '../schema/times.ts';
import { minuteText } from '../site/calendar.ts';
import { WEEKDAYS } from './calendar.ts';
import { TYPES } from './machine-types.ts';
import { networksContent } from './networks.ts';

/** A factory as a file would hold it, with nothing left to defaults: reading it gives it back. */
export function factoryContent(factory: FactoryDescription): Readonly<Record<string, unknown>> {
  const { climate, location } = factory;
  return {
    id: factory.id,
    name: factory.name,
    ...(location === undefined ? {} : { location }),
    timezone: factory.timeZone,
    latitude: factory.latitude,
    longitude: factory.longitude,
    voltage: factory.nominalVoltageV,
    frequency: factory.nominalFrequencyHz,
    climate: {
      base_temp_c: climate.baseTempC,
      summer_offset_k: climate.summerOffsetK,
      winter_offset_k: climate.winterOffsetK,
    },
    calendar: calendarContent(factory.calendar),
    ...(factory.networks ? { networks: networksContent(factory.networks) } : {}),
    machines: factory.machines.map(machineContent),
  };
}

function calendarContent(calendar: CalendarDescription): Readonly<Record<string, unknown>> {
  const { publicHolidays, closures, extraShifts } = calendar;
  return {
    shifts: calendar.shifts.map((shift) => ({
      ...timesContent(shift),
      ...(shift.days ? { days: shift.days.map((day) => WEEKDAYS[day]) } : {}),
    })),
    rest_load: calendar.restShare,
    weekend_load: calendar.weekendShare,
    holidays: calendar.holidays,
    ...(publicHolidays ? { public_holidays: placeContent(publicHolidays) } : {}),
    ...(closures
      ? { closures: closures.map(({ from, to, loadShare }) => ({ from, to, load: loadShare })) }
      : {}),
    ...(extraShifts
      ? { extra_shifts: extraShifts.map((each) => ({ date: each.date, ...timesContent(each) })) }
      : {}),
  };
}

function timesContent({ startMinute, endMinute, loadShare }: Omit<Shift, 'days'>) {
  return { start: minuteText(startMinute), end: minuteText(endMinute), load: loadShare };
}

function placeContent({ country, region }: PublicHolidays) {
  return { country, ...(region === undefined ? {} : { region }) };
}

function machineContent(machine: MachineDescription): Readonly<Record<string, unknown>> {
  const { description, faults = [] } = machine;
  return {
    id: machine.id,
    name: machine.name,
    type: machine.type,
    ...(description === undefined ? {} : { description }),
    rated_power_kw: machine.ratedPowerKw,
    interval: machine.intervalS,
    topic: machine.topic,
    parameters: parametersContent(machine),
    faults: faults.map(({ type, startS, durationS, severity }) => ({
      type,
      start: instantText(1000 * startS),
      duration: durationS,
      severity,
    })),
  };
}

/** A machine's own parameters as a file would hold them. */
export function parametersContent({
  type,
  parameters = {},
}: MachineDescription): Readonly<Record<string, string | number>> {
  const known = TYPES.get(type)?.parameters ?? {};
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value = Number.NaN]) => {
      const parameter = known[key];
      return [wireName(key), parameter ? parameterContent(parameter, value) : value];
    }),
  );
}
