import { setImmediate as turn } from 'node:timers/promises';
import { Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { MESSAGE_BYTES_MAX } from '../encoding/columns.ts';
import { csv } from '../encoding/csv.ts';
import { jsonLines } from '../encoding/json-lines.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import type { Window } from './window.ts';

/** Bytes that go out together: what a socket takes at once. */
const CHUNK_BYTES = 64 * 1024;
/** Readings that are computed before others get a turn: a millisecond or two. */
const BATCH_ROWS = 512;

/** The media types of readings, the one that is given to whoever takes anything first. */
export const READING_FORMATS = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
/** A media type in which readings are told. */
export type ReadingFormat = (typeof READING_FORMATS)[number];

const COMMA = 0x2c;
const NEWLINE = 0x0a;

/**
 * The readings of one machine in a window, encoded, as many bytes at a time as one buffer holds:
 * nothing is computed before the last bytes are taken.
 *
 * @param signal - Ends it early, also where a machine that stood has made no bytes to be taken.
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
      // An array has its own separators, so the line's end goes.
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
 * The format that an `Accept` header asks for, or undefined where it takes none of them
 * (RFC 9110 §12.5.1).
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

/** The most specific range that a format matches says how welcome it is. */
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
