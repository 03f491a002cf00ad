import type { Queries } from './database.ts';

/** How far an export is, and how it ended if it has. */
export interface ExportState {
  readonly state: 'running' | 'done' | 'failed';
  /** When it ended, in real time [ms]. */
  readonly endedMs: number | null;
  /** Why it failed, in a sentence. */
  readonly error: string | null;
  /** Rows of readings that are written, and that there will be. */
  readonly rows: number;
  readonly allRows: number;
  /** Bytes of its files so far. */
  readonly bytes: number;
}

/** An export on record, without its files, of which there may be many. */
export interface ExportRow<Asked = unknown> extends ExportState {
  readonly id: string;
  readonly asked: Asked;
  /** The process of a cluster that makes it; null where a simulator is alone. */
  readonly owner: string | null;
  /** When it was asked for, in real time [ms]. */
  readonly createdMs: number;
}

/** The exports of a folder, oldest first; only one of them, if its id is given. */
export function loadExports<Asked>(
  queries: Queries,
  folder: string,
  id: string | null = null,
): Promise<readonly ExportRow<Asked>[]> {
  return queries.query<ExportRow<Asked>>(
    `select id, asked, state, owner, created_ms as "createdMs", ended_ms as "endedMs", error,
       rows, all_rows as "allRows", bytes
     from simulator.exports where folder = $1 and ($2::text is null or id::text = $2)
     order by created_ms, id`,
    [folder, id],
  );
}

/** The files of an export. */
export async function loadExportFiles<File>(
  queries: Queries,
  id: string,
): Promise<readonly File[]> {
  const [row] = await queries.query<{ files: readonly File[] }>(
    'select files from simulator.exports where id = $1',
    [id],
  );
  return row?.files ?? [];
}

/** Records an export with its files; one that is on record already stays as it is. */
export async function addExport(
  queries: Queries,
  folder: string,
  row: ExportRow & { readonly files: readonly object[] },
): Promise<void> {
  const { id, asked, owner = null, createdMs, state, endedMs, error, rows, allRows, bytes } = row;
  await queries.query(
    `insert into simulator.exports (folder, id, asked, owner, created_ms, state, ended_ms, error,
       rows, all_rows, bytes, files)
     values ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb)
     on conflict do nothing`,
    [
      ...[folder, id, JSON.stringify(asked), owner, createdMs],
      ...[state, endedMs, error, rows, allRows, bytes, JSON.stringify(row.files)],
    ],
  );
}

/**
 * Records how far an export is that is running; any other stays as it is.
 *
 * @returns Whether it was running, and is not to end.
 */
export async function saveExport(
  queries: Queries,
  id: string,
  { state, endedMs, error, rows, allRows, bytes }: ExportState,
  files: readonly object[] = [],
): Promise<boolean> {
  const [row] = await queries.query<{ is_ending: boolean }>(
    `update simulator.exports set state = $2, ended_ms = $3, error = $4, rows = $5,
       all_rows = $6, bytes = $7, files = $8::jsonb, updated_at = clock_timestamp()
     where id = $1 and state = 'running' returning is_ending`,
    [id, state, endedMs, error, rows, allRows, bytes, JSON.stringify(files)],
  );
  return row?.is_ending === false;
}

/** Asks the process that makes an export to end and delete it. */
export async function requestExportEnd(queries: Queries, id: string): Promise<void> {
  await queries.query('update simulator.exports set is_ending = true where id = $1', [id]);
}

/** Deletes an export from the record. */
export async function deleteExport(queries: Queries, id: string): Promise<void> {
  await queries.query('delete from simulator.exports where id = $1', [id]);
}
