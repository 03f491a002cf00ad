import { setImmediate as turn } from 'node:timers/promises';
import { Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { FORMATS } from '../dataset/formats/index.ts';
import { MESSAGE_BYTES_MAX } from '../encoding/columns.ts';
import { jsonLines } from '../encoding/json-lines.ts';
import type { LineFormat } from '../encoding/line-format.ts';
import { inTurns } from '../runtime/turns.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import { type Layer, layerOptions } from './layer.ts';
import type { Window } from './window.ts';

/** Bytes sent together: what a socket accepts at once. */
const CHUNK_BYTES = 64 * 1024;
/** Readings computed before the event loop gets a turn: a millisecond or two. */
const BATCH_ROWS = 512;

/** JSON lines in an array. */
const ARRAY = 'application/json';
/** The format of each media type: the array, the default, then the formats of lines by type. */
const FORMAT_OF: ReadonlyMap<string, LineFormat> = new Map([
  [ARRAY, jsonLines as LineFormat],
  ...FORMATS.flatMap(({ lines }) => (lines ? [[lines.mediaType, lines] as const] : [])).toSorted(
    ([a], [b]) => (a < b ? -1 : 1),
  ),
]);
/** The media types of readings; the first is the default. */
export const READING_TYPES: readonly string[] = [...FORMAT_OF.keys()];

/** The line of a format that names these columns; '' if it has none. */
export function headerOf(mediaType: string, names: readonly string[]): string {
  return (FORMAT_OF.get(mediaType) as LineFormat).records(names, []).trimEnd();
}

const COMMA = 0x2c;
const NEWLINE = 0x0a;

/**
 * Encodes the readings of one machine in a window, one buffer at a time: the next is computed only
 * when the previous one has been consumed.
 *
 * @param mediaType - One of {@link READING_TYPES}.
 * @param signal - Stops it early, even while a stopped machine produces no bytes.
 */
export async function* encodedReadings(
  fleet: Fleet,
  machine: Machine,
  { fromMs, toMs }: Window,
  mediaType: string,
  signal: AbortSignal,
  as: Layer = 'observed',
): AsyncGenerator<Buffer> {
  const isArray = mediaType === ARRAY;
  const encoder = (FORMAT_OF.get(mediaType) as LineFormat).flat([machine.type]);
  const reader = createReader(fleet, { machines: [machine], ...layerOptions(as) });
  await inTurns(reader.seeking(fromMs), signal);
  signal.throwIfAborted();
  const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
  let end = encoder.header(bytes, 0);
  if (isArray) bytes[end++] = '['.charCodeAt(0);
  let isFirst = true;
  for (const batch of batches(reader, toMs, new Batch(BATCH_ROWS))) {
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      const start = isArray && !isFirst ? writeSeparator(bytes, end) : end;
      const written = encoder.row(batch, row, bytes, start);
      // Some of the channels of another row of the reading.
      if (written === start) continue;
      isFirst = false;
      // An array has its own separators, so the end of the line is dropped.
      end = isArray ? written - 1 : written;
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

function writeSeparator(bytes: Uint8Array, at: number): number {
  bytes[at++] = COMMA;
  bytes[at++] = NEWLINE;
  return at;
}

/**
 * The media type of readings that an `Accept` header requests, or undefined if it accepts none of
 * them (RFC 9110 §12.5.1).
 */
export function acceptedFormat(accept = '*/*'): string | undefined {
  let best: string | undefined;
  let bestQuality = 0;
  for (const type of READING_TYPES) {
    const quality = qualityOf(type, accept);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  return best;
}

/** The quality of a media type, from the most specific range that it matches. */
function qualityOf(type: string, accept: string): number {
  const [main] = type.split('/');
  let quality = 0;
  let specificity = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const rank = ['*/*', `${main}/*`, type].indexOf(name) + 1;
    if (rank === 0 || rank < specificity) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    const asked = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 1;
    quality = rank > specificity ? asked : Math.max(quality, asked);
    specificity = rank;
  }
  return quality;
}
