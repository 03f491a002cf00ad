import { wholeUnits } from './decimal.ts';

/** The longest value: its length, a header of eight bytes and five digits of two. */
export const NUMERIC_BYTES_MAX = 22;

/** Most digits after the point. */
export const NUMERIC_SCALE_MAX = 8;

const NEGATIVE = 0x4000;

/** Units in 1, by the number of digits after the point. */
const SCALES = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
/** Factors that align units to digits of base 10,000. */
const STEPS = [0, 1e3, 1e2, 1e1, 1, 1e3, 1e2, 1e1, 1];

/**
 * Writes `value`, rounded to `scale` digits after the point, as a field of PostgreSQL's binary
 * `numeric`: length, number of digits, weight of the first, sign, scale, digits of base 10,000
 * (PostgreSQL source, `numeric_send` in utils/adt/numeric.c). The server takes off what zeros
 * are left at either end.
 *
 * @param unitsEnd - 10^precision: exclusive limit of the value in units of its last digit.
 * @returns The index after the last byte, or −1 for a value that does not fit.
 */
export function writeNumeric(
  view: DataView,
  at: number,
  value: number,
  scale: number,
  unitsEnd: number,
): number {
  const unit = SCALES[scale] as number;
  const units = wholeUnits(Math.abs(value), unit);
  if (!(units < unitsEnd)) return -1;
  let whole = Math.floor(units / unit);
  // From 2^32 on, in millionths, the quotient may round up to the next whole number.
  if (whole * unit > units) whole--;
  const rest = (units - whole * unit) * (STEPS[scale] as number);
  const sign = value < 0 ? NEGATIVE : 0;
  const fractionDigits = rest === 0 ? 0 : scale <= 4 ? 1 : 2;
  const wholeDigits = whole === 0 ? 0 : whole < 1e4 ? 1 : whole < 1e8 ? 2 : 3;
  const digits = wholeDigits + fractionDigits;
  const weight = digits === 0 ? 0 : wholeDigits - 1;
  view.setInt32(at, 8 + 2 * digits);
  view.setInt32(at + 4, (digits << 16) | (weight & 0xffff));
  view.setInt32(at + 8, (sign << 16) | scale);
  at += 12;
  if (wholeDigits === 1) at = writeDigit(view, at, whole);
  else if (wholeDigits > 1) at = writeWhole(view, at, whole);
  if (fractionDigits === 0) return at;
  if (fractionDigits === 1) return writeDigit(view, at, rest);
  const high = Math.floor(rest / 1e4);
  return writeDigit(view, writeDigit(view, at, high), rest - 1e4 * high);
}

/** Two or three digits. */
function writeWhole(view: DataView, at: number, whole: number): number {
  const high = Math.floor(whole / 1e4);
  const next = high < 1e4 ? writeDigit(view, at, high) : writeWhole(view, at, high);
  return writeDigit(view, next, whole - 1e4 * high);
}

function writeDigit(view: DataView, at: number, digit: number): number {
  view.setInt16(at, digit);
  return at + 2;
}
