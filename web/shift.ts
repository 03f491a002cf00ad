import type { Factory } from './wire.ts';

/** The shift at an instant: its hours, and its share of full production. */
export function shiftText(factory: Factory, timeMs: number, weekendShare: number | null): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: factory.timezone,
  }).formatToParts(timeMs);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  const clock = `${part('hour')}:${part('minute')}`;
  if (['Sat', 'Sun'].includes(part('weekday')))
    return weekendShare === null ? 'Weekend' : `Weekend, ${percentText(weekendShare)}`;
  const shift = factory.shifts.find(({ start, end }) =>
    start < end ? start <= clock && clock < end : start <= clock || clock < end,
  );
  if (!shift) return 'No shift';
  const hours = `${shift.start}–${shift.end}`.replaceAll(':00', '');
  return `${hours}, ${percentText(shift.load_share)}`;
}

function percentText(share: number): string {
  return `${Math.round(share * 100)} %`;
}
