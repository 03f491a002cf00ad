import type pg from 'pg';
import type { Batch } from '../core/batch.ts';
import { addWindow, loadWindow, type OnRemark } from '../outputs/postgres/window.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { fleetOf, type WindowRequest } from './request.ts';
import { tableRows, windowReader } from './window-reader.ts';

/** Options for storing a window in a database. */
export interface DatabaseWindowOptions {
  readonly server: pg.ClientConfig;
  /** Called after each batch with its number of table rows. */
  readonly onRows: (rows: number) => void;
  /** Stops it early; everything read before is stored. */
  readonly signal: AbortSignal;
  /** Called for each kind of data that the tables have no column for. */
  readonly onRemark: OnRemark;
}

/**
 * Stores the readings of a window while other processes store those of other machines: in many
 * transactions, without locking the tables.
 *
 * @throws PostgresError, as {@link storeWindow}.
 */
export async function storePart(
  request: WindowRequest,
  fleet: Fleet,
  server: pg.ClientConfig,
  onRows: (rows: number) => void,
): Promise<void> {
  const reader = windowReader(request, fleet);
  reader.seek(request.fromMs);
  await addWindow(server, (batch) => {
    const isDone = reader.read(request.toMs, batch);
    onRows(tableRows(batch));
    return isDone;
  });
}

/**
 * Stores the readings of a window in the tables of an EnMS, see {@link loadWindow}.
 *
 * @throws PostgresError if the database is away, is lost, or rejects a row.
 */
export async function storeWindow(
  request: WindowRequest,
  { server, onRows, signal, onRemark }: DatabaseWindowOptions,
): Promise<void> {
  const reader = windowReader(request, fleetOf(request, 'actual'));
  reader.seek(request.fromMs);
  const fill = (batch: Batch) => {
    if (signal.aborted) return true;
    const isDone = reader.read(request.toMs, batch);
    onRows(tableRows(batch));
    return isDone;
  };
  await loadWindow(server, fill, onRemark);
}
