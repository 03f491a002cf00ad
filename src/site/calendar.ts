import type { CalendarDescription, Shift } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import type { ShiftSpan } from '../core/site.ts';
import type { Zone } from './zone.ts';

const DAY_S = 86_400;
const DAY_MINUTES = 1440;
/** After a change of shift, production reaches its new level within this time [s]. */
const RAMP_S = 600;

interface Change {
  readonly timeS: number;
  readonly toShare: number;
  /** Whether it comes of a setting: nothing before it knows of it. */
  readonly isSetting: boolean;
}

/** A part of a plan: its name and the share of full production that it requires. */
export interface Period extends Pick<ShiftSpan, 'shift' | 'loadShare'> {
  /** The times of a shift, `06:00-14:00`, or `rest`, `weekend`, `holiday`, `closure`, `extra`. */
  readonly name: string;
}

/** A shift that runs once: start and end, in minutes of local time since 1970. */
interface DatedShift {
  readonly fromMinute: number;
  readonly untilMinute: number;
  readonly loadShare: number;
}

/** Days that are closed, by number, both inclusive. */
interface ClosedDays {
  readonly fromDay: number;
  readonly toDay: number;
  readonly loadShare: number;
}

/** The share of full production required by shifts, weekends, holidays and closures. */
export class Calendar {
  readonly #description: CalendarDescription;
  readonly #holidays: ReadonlySet<number>;
  readonly #closures: readonly ClosedDays[];
  readonly #extras: readonly DatedShift[];
  readonly #zone: Zone;
  readonly #journal: Journal;
  readonly #days = new Map<number, readonly Change[]>();
  #settingsSeen = 0;
  /** The span in which the last answer is valid: from one change to the next. */
  #fromS = Number.POSITIVE_INFINITY;
  #untilS = Number.NEGATIVE_INFINITY;
  #rampS = 0;
  #fromShare = 0;
  #toShare = 0;

  constructor(description: CalendarDescription, zone: Zone, journal: Journal) {
    const { holidays, publicHolidays, closures = [], extraShifts = [] } = description;
    this.#description = description;
    this.#holidays = new Set([...holidays, ...(publicHolidays?.dates ?? [])].map(dayOf));
    this.#closures = closures.map(({ from, to, loadShare }) => ({
      fromDay: dayOf(from),
      toDay: dayOf(to),
      loadShare,
    }));
    this.#extras = extraShifts.map((shift) => ({
      fromMinute: dayOf(shift.date) * DAY_MINUTES + shift.startMinute,
      untilMinute: dayOf(shift.date) * DAY_MINUTES + lastMinute(shift),
      loadShare: shift.loadShare,
    }));
    this.#zone = zone;
    this.#journal = journal;
  }

  /**
   * Share of full production, 0 to 1: the level of the shift, reached from the previous level
   * within ten minutes along 3u² − 2u³.
   */
  load(tS: number): number {
    if (!(tS >= this.#fromS && tS < this.#untilS) || this.#isOutdated()) this.#find(tS);
    const u = (tS - this.#fromS) / this.#rampS;
    if (u >= 1) return this.#toShare;
    return smoothly(this.#fromShare, this.#toShare, u);
  }

  /** The level that the plan requires at an instant, without the transition. */
  level(tS: number): number {
    return this.period(tS).loadShare;
  }

  /** The shifts of a window in sequence, without gaps. */
  spans(fromS: number, toS: number): readonly ShiftSpan[] {
    const spans: ShiftSpan[] = [];
    for (const { shift, loadShare, ...part } of this.#parts(fromS, toS)) {
      const before = spans.at(-1);
      const isOn = before?.shift === shift && before.loadShare === loadShare;
      if (before && isOn) spans[spans.length - 1] = { ...before, toS: part.toS };
      else spans.push({ fromS: part.fromS, toS: part.toS, shift, loadShare });
    }
    return spans;
  }

  /**
   * The part of the plan at an instant. The first that applies of: an extra shift, a shift of
   * given weekdays that did not begin on a holiday or in a closure, a closure, a holiday, the
   * weekend, a shift of every workday, rest.
   */
  period(tS: number): Period {
    const localS = tS + this.#zone.offsetS(tS);
    const localMinute = Math.floor(localS / 60);
    const day = Math.floor(localS / DAY_S);
    const minute = localMinute - day * DAY_MINUTES;
    const extra = this.#extras.find(
      ({ fromMinute, untilMinute }) => localMinute >= fromMinute && localMinute < untilMinute,
    );
    if (extra) return { name: 'extra', shift: null, loadShare: extra.loadShare };
    const started =
      this.#startedShift(day, minute) ?? this.#startedShift(day - 1, minute + DAY_MINUTES);
    if (started) return started;
    const closed = this.#closure(day);
    if (closed) return { name: 'closure', shift: null, loadShare: closed.loadShare };
    const isHoliday = this.#holidays.has(day);
    if (isHoliday || isWeekend(day)) {
      const loadShare =
        this.#journal.settingsAt(tS).weekendProductionFactor ?? this.#description.weekendShare;
      return { name: isHoliday ? 'holiday' : 'weekend', shift: null, loadShare };
    }
    const shift = this.#description.shifts.findIndex(
      (each) => each.days === undefined && isWithin(each, minute),
    );
    return (
      this.#shift(shift) ?? { name: 'rest', shift: null, loadShare: this.#description.restShare }
    );
  }

  /** Hours of each part of the plan between two instants, by name. */
  hours(fromS: number, toS: number): Map<string, number> {
    const hours = new Map<string, number>();
    for (const { name, ...part } of this.#parts(fromS, toS))
      hours.set(name, (hours.get(name) ?? 0) + (part.toS - part.fromS) / 3600);
    return hours;
  }

  /** The plan of a window in pieces, split at every instant at which it may change. */
  #parts(fromS: number, toS: number): readonly (Period & Pick<ShiftSpan, 'fromS' | 'toS'>)[] {
    const starts = new Set([fromS]);
    for (let day = Math.floor(fromS / DAY_S); day * DAY_S < toS; day++)
      for (const tS of this.#candidates(day)) if (tS > fromS && tS < toS) starts.add(tS);
    const ordered = [...starts].sort((a, b) => a - b);
    return ordered.map((startS, i) => ({
      ...this.period(startS),
      fromS: startS,
      toS: ordered[i + 1] ?? toS,
    }));
  }

  /**
   * The shift of given weekdays that began on a day and is still running `minute` minutes after
   * that day began.
   */
  #startedShift(day: number, minute: number): Period | undefined {
    const shift = this.#description.shifts.findIndex(
      (each) =>
        each.days?.includes(weekday(day)) &&
        minute >= each.startMinute &&
        minute < lastMinute(each),
    );
    const isFree = this.#holidays.has(day) || this.#closure(day) !== undefined;
    return isFree ? undefined : this.#shift(shift);
  }

  #shift(index: number): Period | undefined {
    const shift = this.#description.shifts[index];
    if (!shift) return undefined;
    const { startMinute, endMinute, loadShare } = shift;
    const name = `${minuteText(startMinute)}-${minuteText(endMinute)}`;
    return { name, shift: index + 1, loadShare };
  }

  #closure(day: number): ClosedDays | undefined {
    return this.#closures.find(({ fromDay, toDay }) => day >= fromDay && day <= toDay);
  }

  #isOutdated(): boolean {
    return this.#journal.settingsChanges().length !== this.#settingsSeen;
  }

  #find(tS: number): void {
    if (this.#isOutdated() || this.#days.size > DAYS_KEPT) this.#days.clear();
    this.#settingsSeen = this.#journal.settingsChanges().length;
    const day = Math.floor(tS / DAY_S);
    const changes = [day - 1, day, day + 1].flatMap((each) => this.#changes(each));
    let i = changes.findLastIndex(({ timeS }) => timeS <= tS);
    const dayStartS = (day - 1) * DAY_S;
    this.#fromS = i < 0 ? dayStartS : (changes[i] as Change).timeS;
    this.#toShare = i < 0 ? this.level(dayStartS) : (changes[i] as Change).toShare;
    this.#fromShare = i < 0 ? this.#toShare : this.#shareBefore(changes, i);
    this.#rampS = rampAfter(changes, i, this.#fromS);
    i++;
    this.#untilS = changes[i]?.timeS ?? (day + 2) * DAY_S;
  }

  /** The share that a change goes out from; a changed setting may come in the midst of a ramp. */
  #shareBefore(changes: readonly Change[], i: number): number {
    const { timeS, isSetting } = changes[i] as Change;
    const before = changes[i - 1];
    if (!isSetting || !before || timeS - before.timeS >= RAMP_S) return this.level(timeS - 1);
    const u = (timeS - before.timeS) / rampAfter(changes, i - 1, before.timeS);
    return u >= 1 ? before.toShare : smoothly(this.#shareBefore(changes, i - 1), before.toShare, u);
  }

  /** The instants of a day (UTC) at which the level changes. */
  #changes(day: number): readonly Change[] {
    let changes = this.#days.get(day);
    if (!changes) {
      const planned = this.#planned(day);
      changes = [...this.#candidates(day)]
        .filter((tS) => this.level(tS) !== this.level(tS - 1))
        .sort((a, b) => a - b)
        .map((timeS) => ({ timeS, toShare: this.level(timeS), isSetting: !planned.has(timeS) }));
      this.#days.set(day, changes);
    }
    return changes;
  }

  /** The instants of a day (UTC) at which another part of the plan may begin. */
  #planned(day: number): ReadonlySet<number> {
    const minutes = this.#description.shifts.flatMap((shift) => [
      shift.startMinute,
      shift.endMinute,
    ]);
    const candidates = new Set<number>();
    const add = (tS: number) => {
      if (Math.floor(tS / DAY_S) === day) candidates.add(tS);
    };
    const addLocal = (localMinute: number) => {
      const tS = this.#zone.instantS(60 * localMinute);
      add(tS);
      add(tS + REPEATED_S);
    };
    for (const localDay of [day - 1, day, day + 1])
      for (const minute of new Set([0, ...minutes])) addLocal(localDay * DAY_MINUTES + minute);
    for (const { fromMinute, untilMinute } of this.#extras)
      for (const localMinute of [fromMinute, untilMinute])
        if (Math.abs(localMinute / DAY_MINUTES - day - 0.5) < 2) addLocal(localMinute);
    const clockChange = this.#zone.changeS(day);
    if (clockChange !== undefined) add(clockChange);
    return candidates;
  }

  /** The instants of a day (UTC) at which the plan may change: its own, and those of settings. */
  #candidates(day: number): ReadonlySet<number> {
    const candidates = new Set(this.#planned(day));
    for (const { timeS } of this.#journal.settingsChanges())
      if (Math.floor(timeS / DAY_S) === day) candidates.add(timeS);
    return candidates;
  }
}

/** How long a change takes: less where the plan changes again before, which is known by then. */
function rampAfter(changes: readonly Change[], i: number, fromS: number): number {
  const next = changes.find(({ isSetting }, j) => j > i && !isSetting);
  return Math.min(RAMP_S, (next?.timeS ?? Number.POSITIVE_INFINITY) - fromS);
}

/** Between two levels along 3u² − 2u³. */
function smoothly(from: number, to: number, u: number): number {
  return from + (to - from) * u * u * (3 - 2 * u);
}

/** In autumn, clocks repeat an hour, so a change of shift within it occurs twice [s]. */
const REPEATED_S = 3600;
/** About ten years of changes. */
const DAYS_KEPT = 4000;

/** The day number of a civil date, counted from 1970-01-01. */
function dayOf(date: string): number {
  return Date.parse(`${date}T00:00Z`) / (DAY_S * 1000);
}

/** 0 Sunday to 6 Saturday; 1970-01-01 was a Thursday. */
function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function isWeekend(day: number): boolean {
  return weekday(day) === 0 || weekday(day) === 6;
}

/** The end of a shift in minutes after the midnight before its start. */
function lastMinute({ startMinute, endMinute }: Omit<Shift, 'days'>): number {
  return endMinute > startMinute ? endMinute : endMinute + DAY_MINUTES;
}

/** Whether a shift of every workday covers a minute of the day. */
function isWithin(shift: Shift, minute: number): boolean {
  const { startMinute } = shift;
  const end = lastMinute(shift);
  return (minute >= startMinute && minute < end) || minute < end - DAY_MINUTES;
}

/** A minute of the day in clock format: `06:30`. */
export function minuteText(minute: number): string {
  const twoDigits = (number: number) => (number < 10 ? `0${number}` : `${number}`);
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}
