import type { Diagnostic } from '../core/errors.ts';
import { timeText } from '../encoding/time.ts';
import { instantMs } from '../schema/times.ts';

const DAY_MS = 86_400_000;
/** Days that one window may span: a year of any calendar. */
export const WINDOW_MAX_DAYS = 366;
/** What a window spans when its beginning is not said. */
const WINDOW_DEFAULT_MS = 3_600_000;
/** Readings are numbered from the epoch on, and zones are told a day before it. */
const FIRST_MS = Date.UTC(1971, 0, 1);

/** A span of simulated time: later than `fromMs`, up to and including `toMs`. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The window between two texts, or every fault found in them. */
export function parsedWindow(
  from: string | undefined,
  to: string | undefined,
  nowMs: number,
  defaultMs = WINDOW_DEFAULT_MS,
  daysMax = WINDOW_MAX_DAYS,
): Window | Diagnostic[] {
  const toMs = to === undefined ? nowMs : read(to);
  const fromMs = from === undefined ? toMs - defaultMs : read(from);
  const faults: Diagnostic[] = [];
  const refuse = (path: string, message: string) => void faults.push({ path, message });
  if (from !== undefined && Number.isNaN(fromMs)) refuse('from', `${from} is in no calendar`);
  if (to !== undefined && Number.isNaN(toMs)) refuse('to', `${to} is in no calendar`);
  if (fromMs < FIRST_MS)
    refuse('from', `${from} is too early; accepted is ${timeText(FIRST_MS)} and later`);
  if (toMs > nowMs)
    refuse(
      'to',
      `${to} is in the future; accepted is up to the simulated time, ${timeText(nowMs)}`,
    );
  if (toMs <= fromMs)
    refuse('to', `${timeText(toMs)} is not after ${timeText(fromMs)}, the beginning`);
  if (toMs - fromMs > daysMax * DAY_MS)
    refuse('to', `the window spans ${spanText(toMs - fromMs)}; accepted are ${daysMax} days`);
  return faults.length > 0 ? faults : { fromMs, toMs };
}

/** The span between two texts, open where one is not given, or every fault found in them. */
export function parsedSpan(
  from: string | undefined,
  to: string | undefined,
): Window | Diagnostic[] {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : read(from);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : read(to);
  const faults: Diagnostic[] = [];
  if (Number.isNaN(fromMs)) faults.push({ path: 'from', message: `${from} is in no calendar` });
  if (Number.isNaN(toMs)) faults.push({ path: 'to', message: `${to} is in no calendar` });
  if (toMs <= fromMs)
    faults.push({ path: 'to', message: `${to} is not after ${from}, the beginning` });
  return faults.length > 0 ? faults : { fromMs, toMs };
}

/** An instant that the schema of a route has taken [ms]; NaN for one that is in no calendar. */
function read(text: string): number {
  return instantMs(text) ?? Number.NaN;
}

function spanText(spanMs: number): string {
  return `${Math.ceil(spanMs / DAY_MS)} days`;
}
