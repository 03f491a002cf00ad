import type { CalendarDescription } from '../core/factory.ts';
import { DEFAULT_CALENDAR } from '../factory/default-factory.ts';
import type { VariableValues } from './variables.ts';

/** The calendar from the variables, for factories without one of their own. */
export function calendarOf(values: VariableValues): CalendarDescription {
  return {
    ...DEFAULT_CALENDAR,
    shifts: [
      { startMinute: values.SHIFT_1_START, endMinute: values.SHIFT_1_END, loadShare: 1 },
      { startMinute: values.SHIFT_2_START, endMinute: values.SHIFT_2_END, loadShare: 1 },
    ],
    restShare: values.SHIFT_3_FACTOR,
  };
}
