import type { Batch } from '../core/batch.ts';

/**
 * Writes the readings of a batch as lines of flat records. Give each call `MESSAGE_BYTES_MAX`
 * bytes from `at` on (columns.ts); what it does not use of them may be written over.
 */
export interface LineEncoder {
  /** Type of the media, for HTTP. */
  readonly mediaType: string;
  /** Writes what stands before the first line, if anything; returns the index after it. */
  header(bytes: Uint8Array, at: number): number;
  /**
   * Writes row `row`, which must be a reading; returns the index after it: `at`, where the row is
   * none of what is written.
   */
  row(batch: Batch, row: number, bytes: Uint8Array, at: number): number;
}
