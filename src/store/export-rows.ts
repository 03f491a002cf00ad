import type { Queries } from './database.ts';

/** The progress of an export, and its outcome once it has ended. */
export interface ExportState {
  readonly state: 'running' | 'done' | 'failed';
  /** When it ended, in real time [ms]. */
  readonly endedMs: number | null;
  /** Why it failed, in one sentence. */
  readonly error: string | null;
  /** Rows of readings written so far, and in all. */
  readonly rows: number;
  readonly allRows: number;
  /** Bytes of its files so far. */
  readonly bytes: number;
}

/** A stored export, without its list of files, which may be long. */
export interface ExportRow<Asked = unknown> extends ExportState {
  readonly id: string;
  readonly asked: Asked;
  /** The process of a cluster that generates it; null for a single simulator. */
  readonly owner: string | null;
  /** When it was requested, in real time [ms]. */
  readonly createdMs: number;
}

/** The exports of a folder, oldest first, or only the one with a given id. */
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

/** Stores an export with its files. An existing one stays unchanged. */
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
 * Saves the progress of a running export; any other stays unchanged.
 *
 * @returns Whether it was running and should continue.
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

/** Asks the process that generates an export to stop and delete it. */
export async function requestExportEnd(queries: Queries, id: string): Promise<void> {
  await queries.query('update simulator.exports set is_ending = true where id = $1', [id]);
}

/** Deletes an export. */
export async function deleteExport(queries: Queries, id: string): Promise<void> {
  await queries.query('delete from simulator.exports where id = $1', [id]);
}
