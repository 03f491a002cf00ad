/**
 * Random numbers that are addressed rather than drawn: the same (seed, id, stream, counter) gives
 * the same number on every machine, in any order. Only + − × ÷ √ and integers are used, so the
 * results agree to the bit between engines.
 *
 * Generator: Philox4x32-10. Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2,
 * 3. SC'11, doi:10.1145/2063384.2063405.
 */
export class Random {
  readonly #key0: number;
  readonly #key1: number;
  /** Four knots of each smooth noise, after the index of the first; a cache, never state. */
  #knots: Float64Array | undefined;

  constructor(seed: number, id: string);
  constructor(same: Random);
  constructor(seed: number | Random, id?: string) {
    this.#key0 = seed instanceof Random ? seed.#key0 : hash32(`${seed}/${id}`, 0x243f6a88);
    this.#key1 = seed instanceof Random ? seed.#key1 : hash32(`${seed}/${id}`, 0x13198a2e);
  }

  /** The same numbers with a separate cache, for a reader at other times. */
  copy(): Random {
    return new Random(this);
  }

  /** A uniform number in [0, 1), with 32 random bits. */
  uniform(stream: number, counter: number): number {
    philox(counter, 0, stream, 0, this.#key0, this.#key1);
    return (word0 >>> 0) / WORDS;
  }

  /** A nearly normal number of mean 0 and variance 1, within ±4.88: the sum of eight bytes. */
  gauss(stream: number, counter: number): number {
    philox(counter, 0, stream, 0, this.#key0, this.#key1);
    return eightBytes(word0, word1);
  }

  /**
   * 32 random bits for a reading; the error of every sensor is derived from them (core/row.ts).
   */
  bits(tick: number): number {
    let h = this.#key0 ^ Math.imul(tick >>> 0, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16) ^ this.#key1 ^ Math.imul(Math.floor(tick / WORDS), 0x165667b1);
  }

  /**
   * Smooth noise of mean 0 and variance 1 with a knot every `periodS` seconds: a cubic B-spline
   * over random knots, scaled to unit variance at every phase. Its autocorrelation is 0.84, 0.49,
   * 0.20, 0.05 at lags of ½, 1, 1½ and 2 periods. Bounded by ±4.88·√4.
   *
   * @param stream - Below `SMOOTH_STREAMS`; each stream always uses the same period.
   */
  smooth(stream: number, periodS: number, tS: number): number {
    const position = tS / periodS;
    const index = Math.floor(position);
    const knots = this.#knotsAt(stream, index);
    const at = stream * KNOT_STRIDE;
    const u = position - index;
    const v = 1 - u;
    const b0 = v * v * v;
    const b1 = (3 * u - 6) * u * u + 4;
    const b2 = ((-3 * u + 3) * u + 3) * u + 1;
    const b3 = u * u * u;
    const sum =
      b0 * (knots[at + 1] as number) +
      b1 * (knots[at + 2] as number) +
      b2 * (knots[at + 3] as number) +
      b3 * (knots[at + 4] as number);
    return sum / Math.sqrt(b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3);
  }

  #knotsAt(stream: number, index: number): Float64Array {
    this.#knots ??= new Float64Array(SMOOTH_STREAMS * KNOT_STRIDE).fill(Number.NaN);
    const knots = this.#knots;
    const at = stream * KNOT_STRIDE;
    const cached = knots[at] as number;
    if (cached === index) return knots;
    if (cached === index - 1) {
      knots[at + 1] = knots[at + 2] as number;
      knots[at + 2] = knots[at + 3] as number;
      knots[at + 3] = knots[at + 4] as number;
      knots[at + 4] = this.#knot(stream, index + 2);
    } else {
      for (let j = 0; j < 4; j++) knots[at + 1 + j] = this.#knot(stream, index - 1 + j);
    }
    knots[at] = index;
    return knots;
  }

  #knot(stream: number, index: number): number {
    const block = Math.floor(index / 2);
    philox(block, 0, stream, 0, this.#key0, this.#key1);
    return index === 2 * block ? eightBytes(word0, word1) : eightBytes(word2, word3);
  }
}

/** How many smooth noises one `Random` caches knots for: streams 0 to 15. */
const SMOOTH_STREAMS = 16;

/**
 * A number within ±1, with mean 0 and standard deviation 0.29: the sum of the four bytes that the
 * finaliser of MurmurHash3 (A. Appleby) makes of a reading's bits.
 */
export function white(bits: number): number {
  let h = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  return ((h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24) - 510) / 510;
}

const KNOT_STRIDE = 5;
const WORDS = 0x1_0000_0000;

let word0 = 0;
let word1 = 0;
let word2 = 0;
let word3 = 0;

/** Ten rounds of Philox4x32 on a counter under a key; stores four words in `word0…3`. */
function philox(
  counter: number,
  counterHigh: number,
  stream: number,
  streamHigh: number,
  key0: number,
  key1: number,
): void {
  let c0 = counter >>> 0;
  let c1 = (counterHigh + Math.floor(counter / WORDS)) >>> 0;
  let c2 = stream >>> 0;
  let c3 = streamHigh;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  word0 = c0;
  word1 = c1;
  word2 = c2;
  word3 = c3;
}

/** The upper 32 bits of the product of two unsigned words, from products of 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const cross = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const middle = (Math.imul(aLow, bHigh) + (cross & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (cross >>> 16) + (middle >>> 16)) | 0;
}

/** The block of Philox4x32-10 for a counter of four words and a key; for known-answer tests. */
export function philoxBlock(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return [word0 >>> 0, word1 >>> 0, word2 >>> 0, word3 >>> 0];
}

function eightBytes(a: number, b: number): number {
  const sum =
    (a & 0xff) +
    ((a >>> 8) & 0xff) +
    ((a >>> 16) & 0xff) +
    (a >>> 24) +
    (b & 0xff) +
    ((b >>> 8) & 0xff) +
    ((b >>> 16) & 0xff) +
    (b >>> 24);
  return (sum - 1020) / EIGHT_BYTES_DEVIATION;
}

/** √(8 · (256² − 1) / 12): the standard deviation of the sum of eight uniform bytes. */
const EIGHT_BYTES_DEVIATION = Math.sqrt((8 * (256 * 256 - 1)) / 12);

/** A 32-bit hash of a text: FNV-1a over its UTF-16 units, then the finaliser of MurmurHash3. */
function hash32(text: string, start: number): number {
  let h = start | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
