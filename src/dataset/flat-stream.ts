import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { READING } from '../core/batch.ts';
import { MESSAGE_BYTES_MAX } from '../encoding/columns.ts';
import type { LineFormat } from '../encoding/line-format.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { formatNamed } from './formats/index.ts';
import type { DatasetRequest } from './request.ts';
import { machinesOf, tableRows, typesOf, windowBatches } from './window-reader.ts';

/** Bytes written to the stream at a time. */
const CHUNK_BYTES = 1 << 18;

/**
 * Writes the readings of a window to a stream, one flat record each, with back-pressure. It does
 * not end the stream.
 *
 * @param onRows - Called after each batch with its number of table rows.
 */
export async function streamFlat(
  request: DatasetRequest,
  fleet: Fleet,
  output: Writable,
  onRows: (rows: number) => void,
): Promise<void> {
  const machines = machinesOf(fleet, request.machineIds);
  const { lines } = formatNamed(request.format);
  const encoder = (lines as LineFormat).flat(
    machines.flatMap((machine) => typesOf(fleet, machine, request)),
  );
  const chunk = new Uint8Array(CHUNK_BYTES + MESSAGE_BYTES_MAX);
  let at = encoder.header(chunk, 0);
  const flush = async () => {
    // The stream keeps the bytes, and this chunk is reused.
    const isTaken = output.write(chunk.slice(0, at));
    at = 0;
    if (!isTaken) await once(output, 'drain');
  };
  for (const batch of windowBatches(request, fleet)) {
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      at = encoder.row(batch, row, chunk, at);
      if (at >= CHUNK_BYTES) await flush();
    }
    onRows(tableRows(batch));
  }
  await flush();
}
