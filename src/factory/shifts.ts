import type { Shift } from '../core/factory.ts';
import { minuteText } from '../site/calendar.ts';

const DAY_MINUTES = 1440;
const WORKDAYS = [1, 2, 3, 4, 5];

/** What is wrong with a shift among others: its number, and a sentence. */
export interface ShiftFault {
  readonly index: number;
  readonly message: string;
}

/** Shifts that last no time, and those that overlap one before them on some day of the week. */
export function shiftFaults(shifts: readonly Shift[]): readonly ShiftFault[] {
  const faults: ShiftFault[] = [];
  const takenBy = new Array<Shift | undefined>(7 * DAY_MINUTES).fill(undefined);
  for (const [index, shift] of shifts.entries()) {
    const { startMinute, endMinute } = shift;
    if (startMinute === endMinute) {
      const whole = '; the whole day is 0 to 24';
      faults.push({ index, message: `starts and ends at ${minuteText(startMinute)}${whole}` });
      continue;
    }
    let other: Shift | undefined;
    for (const minute of minutesOfWeek(shift)) {
      other ??= takenBy[minute];
      takenBy[minute] ??= shift;
    }
    if (other)
      faults.push({ index, message: `${shiftText(shift)} overlaps the shift ${shiftText(other)}` });
  }
  return faults;
}

/** The minutes of a week, from Sunday on, in which a shift is worked. */
function* minutesOfWeek({ startMinute, endMinute, days }: Shift): Iterable<number> {
  const lastMinute = startMinute < endMinute ? endMinute : endMinute + DAY_MINUTES;
  for (const day of days ?? WORKDAYS)
    for (let minute = startMinute; minute < lastMinute; minute++) {
      // What is worked on every workday keeps within them: its early hours are those of each day.
      const within = days === undefined ? minute % DAY_MINUTES : minute;
      yield (day * DAY_MINUTES + within) % (7 * DAY_MINUTES);
    }
}

/** A shift's times: `06:00-14:00`. */
export function shiftText({ startMinute, endMinute }: Omit<Shift, 'days'>): string {
  return `${minuteText(startMinute)}-${minuteText(endMinute)}`;
}
