/** The longest text of a number: sign, 17 digits, point and exponent. */
export const NUMBER_BYTES_MAX = 25;

/** Most digits after the point: with more, `JSON.stringify` switches to exponents. */
export const DECIMALS_MAX = 6;

/**
 * Writes `value` to `view` from index `at` on, rounded to `decimals` digits after the point, 0 to
 * {@link DECIMALS_MAX}: the text that `JSON.stringify` gives for the rounded number,
 * `Math.round(value · 10^decimals) / 10^decimals`. NaN and the infinities are `null`.
 *
 * Up to seven bytes after the text are written over. What fits an integer of 31 bits when counted
 * in thousandths (millionths beyond three decimals) is written three digits at a time from a
 * table, and longer numbers nearly as fast.
 *
 * @returns The index after the last byte.
 */
export function writeDecimal(view: DataView, at: number, value: number, decimals: number): number {
  const scale = SCALES[decimals] as number;
  const rounded = Math.round(value * scale);
  const inSteps = rounded * (STEPS[decimals] as number);
  if (!(inSteps > -INTEGER_END && inSteps < INTEGER_END))
    return writeLong(view, at, wholeUnits(value, scale), decimals);
  let units = inSteps | 0;
  if (units < 0) {
    view.setUint8(at++, MINUS);
    units = -units;
  }
  if (decimals === 0) return writeWhole(view, at, units);
  if (decimals <= 3) {
    const whole = (units / 1000) | 0;
    const rest = units - 1000 * whole;
    at = writeWhole(view, at, whole);
    view.setUint32(at, THOUSANDTHS[rest] as number, true);
    return at + (TRIMMED_LENGTHS[rest] as number);
  }
  const whole = (units / 1_000_000) | 0;
  const rest = units - 1_000_000 * whole;
  const high = (rest / 1000) | 0;
  const low = rest - 1000 * high;
  at = writeWhole(view, at, whole);
  view.setUint32(at, THOUSANDTHS[high] as number, true);
  if (low === 0) return at + (TRIMMED_LENGTHS[high] as number);
  view.setUint32(at + 4, (THOUSANDTHS[low] as number) >>> 8, true);
  return at + 3 + (TRIMMED_LENGTHS[low] as number);
}

function writeWhole(view: DataView, at: number, whole: number): number {
  let head = whole;
  if (whole >= 1000) {
    head = (whole / 1000) | 0;
    if (head >= 1000) at = writeWhole(view, at, head);
    else at = writeHead(view, at, head);
    view.setUint32(at, (THOUSANDTHS[whole - 1000 * head] as number) >>> 8, true);
    return at + 3;
  }
  return writeHead(view, at, head);
}

/** The digits of 0 to 999 without leading zeros. */
function writeHead(view: DataView, at: number, head: number): number {
  const digits = DIGITS[head] as number;
  view.setInt32(at, digits, true);
  return at + (digits >>> 24);
}

/**
 * The whole number nearest to `value · scale`, to the last digit as far as doubles tell whole
 * numbers apart. From 2^51 on, the product itself may be off by a half.
 */
export function wholeUnits(value: number, scale: number): number {
  const units = Math.round(value * scale);
  if (Math.abs(units) < HALVES_FROM) return units;
  const whole = Math.trunc(value);
  return whole * scale + Math.round((value - whole) * scale);
}

/** From here on, doubles are multiples of a half. */
const HALVES_FROM = 0x8_0000_0000_0000;

/** A number of more digits, such as a total: the whole part and the fraction one by one. */
function writeLong(view: DataView, at: number, rounded: number, decimals: number): number {
  const scale = SCALES[decimals] as number;
  let units = Math.abs(rounded);
  if (!(units < DISTINCT_END)) return writeRare(view, at, rounded / scale);
  if (rounded < 0) view.setUint8(at++, MINUS);
  const whole = Math.floor(units / scale);
  units = (units - scale * whole) * (MILLIONTHS[decimals] as number);
  const billions = Math.floor(whole / BILLION);
  at = billions === 0 ? at : writeWhole(view, at, billions);
  at = (billions === 0 ? writeWhole : writeNine)(view, at, whole - BILLION * billions);
  const high = (units / 1000) | 0;
  const low = units - 1000 * high;
  view.setUint32(at, THOUSANDTHS[high] as number, true);
  if (low === 0) return at + (TRIMMED_LENGTHS[high] as number);
  view.setUint32(at + 4, (THOUSANDTHS[low] as number) >>> 8, true);
  return at + 3 + (TRIMMED_LENGTHS[low] as number);
}

/** Nine digits, with leading zeros. */
function writeNine(view: DataView, at: number, number: number): number {
  for (const unit of [1_000_000, 1000, 1]) {
    view.setUint32(at, (THOUSANDTHS[Math.floor(number / unit) % 1000] as number) >>> 8, true);
    at += 3;
  }
  return at;
}

/** The slow path, which no number that a machine reports takes. */
function writeRare(view: DataView, at: number, rounded: number): number {
  const text = JSON.stringify(rounded);
  for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}

/** The character before a negative number. */
export const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const INTEGER_END = 0x7fffffff;
/** Below this, every count of units is a double of its own when divided by their scale. */
const DISTINCT_END = 0x10_0000_0000_0000;
const BILLION = 1e9;

/** Units in 1, by the number of decimals. */
const SCALES = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/** Factors that turn units into whole numbers, thousandths or millionths. */
const STEPS = [1, 100, 10, 1, 100, 10, 1];

/** Factors that turn units into millionths. */
const MILLIONTHS = [1e6, 1e5, 1e4, 1e3, 100, 10, 1];

/** The four characters of a point and three digits, `.042`, the first in the lowest byte. */
export const THOUSANDTHS = new Int32Array(1000);
/** Length of the four without trailing zeros, and without the point if nothing follows it. */
export const TRIMMED_LENGTHS = new Uint8Array(1000);
/**
 * The digits of 0 to 999 without leading zeros, the first lowest; in the top byte, their count.
 */
export const DIGITS = new Int32Array(1000);

for (let i = 0; i < 1000; i++) {
  const digits = [Math.floor(i / 100), Math.floor(i / 10) % 10, i % 10];
  THOUSANDTHS[i] = digits.reduce((four, digit, j) => four | ((ZERO + digit) << (8 * j + 8)), POINT);
  const count = i < 10 ? 1 : i < 100 ? 2 : 3;
  DIGITS[i] = ((THOUSANDTHS[i] as number) >>> (32 - 8 * count)) | (count << 24);
  TRIMMED_LENGTHS[i] = i === 0 ? 0 : i % 100 === 0 ? 2 : i % 10 === 0 ? 3 : 4;
}
