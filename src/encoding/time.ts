import { THOUSANDTHS } from './decimal.ts';

/** The longest time: years beyond 9999 have a sign and six digits. */
export const TIME_BYTES_MAX = 27;

/**
 * Formats an instant for the interface: whole seconds, or milliseconds if there are any.
 *
 * @param intervalMs - Of the machine whose time it is. Where it is fractional, there are always
 *   milliseconds, so that all times of a machine have one form.
 */
export function timeText(timeMs: number, intervalMs = 1000): string {
  const text = new Date(timeMs).toISOString();
  return text.endsWith('.000Z') && !isFractional(intervalMs) ? `${text.slice(0, -5)}Z` : text;
}

function isFractional(intervalMs: number): boolean {
  // The remainder of a double is not a CPU instruction, and takes ten times as long.
  return 1000 * Math.floor(intervalMs / 1000) !== intervalMs;
}

/** Formats an instant to the second, for messages. */
export function secondText(timeMs: number): string {
  return timeText(1000 * Math.floor(timeMs / 1000));
}

const MINUTE_MS = 60_000;
const ZULU = 0x5a;

/**
 * Writes instants like {@link timeText}, cheaply if they repeat or lie close together: the text is
 * cached, and within a minute only its seconds change (toISOString takes thirty times as long).
 */
export class TimeWriter {
  /** Padded to whole stores, like a Utf8Constant. */
  readonly #text = new DataView(new ArrayBuffer(32));
  #timeMs = Number.NaN;
  #intervalMs = Number.NaN;
  #minuteMs = Number.NaN;
  /** Bytes up to the seconds, `2025-10-09T12:00:`, and of all. */
  #prefixLength = 0;
  #length = 0;

  /**
   * Writes the time from `at` on; up to seven bytes after it are overwritten.
   *
   * @param intervalMs - Of the machine whose time it is.
   * @returns The index after its last byte.
   * @throws RangeError if the view is too short, or the time is not a valid instant.
   */
  write(view: DataView, at: number, timeMs: number, intervalMs: number): number {
    if (timeMs !== this.#timeMs || intervalMs !== this.#intervalMs) this.#set(timeMs, intervalMs);
    const text = this.#text;
    const length = this.#length;
    for (let i = 0; i < length; i += 8) view.setFloat64(at + i, text.getFloat64(i, true), true);
    return at + length;
  }

  #set(timeMs: number, intervalMs: number): void {
    if (!(timeMs >= this.#minuteMs && timeMs < this.#minuteMs + MINUTE_MS)) this.#setMinute(timeMs);
    const inMinuteMs = (timeMs - this.#minuteMs) | 0;
    const seconds = (inMinuteMs / 1000) | 0;
    const millis = inMinuteMs - 1000 * seconds;
    const at = this.#prefixLength;
    this.#text.setInt32(at, (THOUSANDTHS[seconds] as number) >>> 16, true);
    this.#length = at + 3;
    if (millis > 0 || isFractional(intervalMs)) {
      this.#text.setInt32(at + 2, THOUSANDTHS[millis] as number, true);
      this.#length = at + 7;
    }
    this.#text.setUint8(this.#length - 1, ZULU);
    this.#timeMs = timeMs;
    this.#intervalMs = intervalMs;
  }

  #setMinute(timeMs: number): void {
    const minuteMs = MINUTE_MS * Math.floor(timeMs / MINUTE_MS);
    const prefix = new Date(minuteMs).toISOString().slice(0, -'00.000Z'.length);
    for (let i = 0; i < prefix.length; i++) this.#text.setUint8(i, prefix.charCodeAt(i));
    this.#prefixLength = prefix.length;
    this.#minuteMs = minuteMs;
  }
}
