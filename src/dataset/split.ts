import { timeText } from '../encoding/time.ts';
import { textual, type ValueType } from '../schema/value-type.ts';

/** The parts that a dataset is split into, in the order of time. */
export const SPLIT_PARTS = ['train', 'validation', 'test'] as const;

/** The shares of the window that the parts take [%]; together they are the whole window. */
export type Split = readonly [train: number, validation: number, test: number];

/** The shares if none are given. */
export const SPLIT_DEFAULT: Split = [60, 20, 20];

/** The shares as a person writes them: `60/20/20`. */
export const SPLIT: ValueType<Split> = textual(
  'the percentages of train, validation and test, like 60/20/20',
  (text) => {
    const shares = /^\d{1,3}\/\d{1,3}\/\d{1,3}$/.test(text) ? text.split('/').map(Number) : [];
    const [train = 0, validation = 0, test = 0] = shares;
    return train + validation + test === 100 ? [train, validation, test] : undefined;
  },
  { pattern: '^\\d{1,3}/\\d{1,3}/\\d{1,3}$' },
);

/** A window of time that is to be split. */
interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where the parts end, in the order of time [ms]: at whole seconds, the last at the end of the
 * window. A part of 0 % ends where it begins.
 */
export function splitEnds([train, validation]: Split, { fromMs, toMs }: Window): readonly number[] {
  const ends = [train, train + validation].map(
    (share) => 1000 * Math.floor((fromMs + (share / 100) * (toMs - fromMs)) / 1000),
  );
  return [...ends.map((endMs) => Math.max(fromMs, endMs)), toMs];
}

/** The parts of a window with their spans, as the manifest shows them. */
export function splitSpans(split: Split, window: Window) {
  const ends = splitEnds(split, window);
  const spans = SPLIT_PARTS.map((name, i) => {
    const [fromMs, toMs] = [ends[i - 1] ?? window.fromMs, ends[i] as number];
    return [name, { from: timeText(fromMs), to: timeText(toMs) }] as const;
  });
  return Object.fromEntries(spans);
}
