import { timeText } from '../encoding/time.ts';
import { Diagnostics, type Place } from '../schema/diagnostics.ts';
import { instantMs } from '../schema/times.ts';
import type { Simulator } from '../service/simulator.ts';

const DAY_MS = 86_400_000;
/** Days that one window may span: a year of any calendar. */
export const WINDOW_MAX_DAYS = 366;
/** Span of a window without `from`. */
const WINDOW_DEFAULT_MS = 3_600_000;
/**
 * Earliest accepted instant: readings are numbered from the epoch, with a margin for time zones.
 */
const FIRST_MS = Date.UTC(1971, 0, 1);

/** A span of simulated time: later than `fromMs`, up to and including `toMs`. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Parses a window.
 *
 * @throws ConfigError with every error in them.
 */
export function parsedWindow(
  from: string | undefined,
  to: string | undefined,
  nowMs: number,
  defaultMs = WINDOW_DEFAULT_MS,
  daysMax = WINDOW_MAX_DAYS,
): Window {
  const diagnostics = new Diagnostics();
  const [start, end] = [diagnostics.top.at('from'), diagnostics.top.at('to')];
  const toMs = parsedInstant(to, nowMs, end);
  const fromMs = parsedInstant(from, toMs - defaultMs, start);
  if (fromMs < FIRST_MS)
    start.error(`${from} is too early; accepted is ${timeText(FIRST_MS)} and later`);
  if (toMs > nowMs)
    end.error(`${to} is in the future; accepted is up to the simulated time, ${timeText(nowMs)}`);
  if (toMs <= fromMs) end.error(`${timeText(toMs)} is not after ${timeText(fromMs)}`);
  if (toMs - fromMs > daysMax * DAY_MS)
    end.error(`the window spans ${spanText(toMs - fromMs)}; accepted are ${daysMax} days`);
  diagnostics.check();
  return { fromMs, toMs };
}

/**
 * Parses a window in which nothing can happen any more. An event that is being appended holds its
 * end back for a moment.
 *
 * @throws ConfigError with every error in it.
 */
export async function pastWindow(
  { eventLog }: Simulator,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  defaultMs?: number,
): Promise<Window> {
  await eventLog.settled();
  return parsedWindow(from, to, eventLog.closedMs(), defaultMs);
}

/**
 * Parses a span; it is open at an end that is not given.
 *
 * @throws ConfigError with every error in them.
 */
export function parsedSpan(from: string | undefined, to: string | undefined): Window {
  const diagnostics = new Diagnostics();
  const [start, end] = [diagnostics.top.at('from'), diagnostics.top.at('to')];
  const fromMs = parsedInstant(from, Number.NEGATIVE_INFINITY, start);
  const toMs = parsedInstant(to, Number.POSITIVE_INFINITY, end);
  if (toMs <= fromMs) end.error(`${to} is not after ${from}`);
  diagnostics.check();
  return { fromMs, toMs };
}

/**
 * Parses an instant that matches the route's schema [ms]; NaN if the calendar does not have it.
 */
function parsedInstant(text: string | undefined, fallbackMs: number, place: Place): number {
  if (text === undefined) return fallbackMs;
  const timeMs = instantMs(text) ?? Number.NaN;
  if (Number.isNaN(timeMs)) place.error(`${text} is not a valid date and time`);
  return timeMs;
}

function spanText(spanMs: number): string {
  return `${Math.ceil(spanMs / DAY_MS)} days`;
}
