/** Stores are eight bytes wide, so up to seven bytes after a text are overwritten. */
export const SLACK_BYTES = 7;

/**
 * A constant text, encoded as UTF-8 once and copied from then on.
 *
 * It is copied eight bytes at a time, as the double that they spell: the messages of a reading
 * then take 600 ns, where `Uint8Array.set` needs 930 and a loop over bytes 1,400 (bench/encoding).
 * No double is changed on the way, since none is a NaN: that takes a byte 0xFF, or 0x7F after 0xF0
 * or more, and UTF-8 has neither.
 */
export class Utf8Constant {
  readonly text: string;
  /** Bytes of the text. */
  readonly length: number;
  readonly #source: DataView;

  constructor(text: string) {
    const utf8 = new TextEncoder().encode(text);
    const padded = new Uint8Array(8 * Math.ceil(utf8.length / 8));
    padded.set(utf8);
    this.text = text;
    this.length = utf8.length;
    this.#source = new DataView(padded.buffer);
  }

  /**
   * Writes the text from `at` on; up to {@link SLACK_BYTES} after it become zeros.
   *
   * @returns The index after its last byte.
   * @throws RangeError if the view is too short.
   */
  write(view: DataView, at: number): number {
    const source = this.#source;
    const length = this.length;
    for (let i = 0; i < length; i += 8) view.setFloat64(at + i, source.getFloat64(i, true), true);
    return at + length;
  }
}
