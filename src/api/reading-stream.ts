import { setImmediate as turn } from 'node:timers/promises';
import { Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { MESSAGE_BYTES_MAX } from '../encoding/columns.ts';
import { csv } from '../encoding/csv.ts';
import { jsonLines } from '../encoding/json-lines.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import type { Window } from './window.ts';

/** Bytes sent together: what a socket accepts at once. */
const CHUNK_BYTES = 64 * 1024;
/** Readings computed before the event loop gets a turn: a millisecond or two. */
const BATCH_ROWS = 512;

/** The media types of readings; the first is the default. */
export const READING_FORMATS = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
/** A media type of readings. */
export type ReadingFormat = (typeof READING_FORMATS)[number];

const COMMA = 0x2c;
const NEWLINE = 0x0a;

/**
 * Encodes the readings of one machine in a window, one buffer at a time: the next is computed only
 * when the previous one has been consumed.
 *
 * @param signal - Stops it early, even while a stopped machine produces no bytes.
 */
export async function* encodedReadings(
  fleet: Fleet,
  machine: Machine,
  { fromMs, toMs }: Window,
  format: ReadingFormat,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const isArray = format === 'application/json';
  const encoder = (format === csv.mediaType ? csv : jsonLines).flat([machine.type]);
  const reader = createReader(fleet, { machines: [machine] });
  reader.seek(fromMs);
  const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
  let end = encoder.header(bytes, 0);
  if (isArray) bytes[end++] = '['.charCodeAt(0);
  let isFirst = true;
  for (const batch of batches(reader, toMs, new Batch(BATCH_ROWS))) {
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      if (isArray && !isFirst) {
        bytes[end++] = COMMA;
        bytes[end++] = NEWLINE;
      }
      isFirst = false;
      end = encoder.row(batch, row, bytes, end);
      // An array has its own separators, so the end of the line is dropped.
      if (isArray) end--;
      if (end + MESSAGE_BYTES_MAX + 2 <= CHUNK_BYTES) continue;
      yield Buffer.from(bytes.subarray(0, end));
      end = 0;
    }
    await turn();
    signal.throwIfAborted();
  }
  if (isArray) bytes[end++] = ']'.charCodeAt(0);
  if (end > 0) yield Buffer.from(bytes.subarray(0, end));
}

/**
 * The format that an `Accept` header requests, or undefined if it accepts none of them (RFC 9110
 * §12.5.1).
 */
export function acceptedFormat(accept = '*/*'): ReadingFormat | undefined {
  let best: ReadingFormat | undefined;
  let bestQuality = 0;
  for (const format of READING_FORMATS) {
    const quality = qualityOf(format, accept);
    if (quality > bestQuality) [best, bestQuality] = [format, quality];
  }
  return best;
}

/** The quality of a format, from the most specific range that it matches. */
function qualityOf(format: ReadingFormat, accept: string): number {
  const [main] = format.split('/');
  let quality = 0;
  let specificity = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const rank = ['*/*', `${main}/*`, format].indexOf(name) + 1;
    if (rank === 0 || rank < specificity) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    const asked = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 1;
    quality = rank > specificity ? asked : Math.max(quality, asked);
    specificity = rank;
  }
  return quality;
}
