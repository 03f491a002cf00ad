import { join } from 'node:path';
import { Batch } from '../core/batch.ts';
import type { TableLayout } from '../encoding/table-layout.ts';
import { tableCsv, tableNdjson } from '../encoding/table-lines.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import type { FileEntry } from './manifest.ts';
import type { TableColumns } from './parquet-table.ts';
import type { Plan, PlannedFile, ReadingsTask } from './plan.ts';
import type { DatasetRequest } from './request.ts';
import { LineTableWriter, type TableWriter } from './table-writer.ts';
import { tableRows, windowReader } from './window-reader.ts';

/**
 * Writes partitions of a dataset, one after another. What they have in common is kept from one to
 * the next, encoders above all: their code is compiled once, not once a day of readings.
 */
export class PartitionWriter {
  readonly #request: DatasetRequest;
  readonly #plan: Plan;
  readonly #folder: string;
  readonly #batch = new Batch();
  readonly #columns = new Map<TableLayout, TableColumns>();
  readonly #encoders = new Memo((layout: TableLayout) =>
    this.#request.format === 'csv'
      ? tableCsv(layout, this.#request.hasLabels)
      : tableNdjson(layout, this.#request.hasLabels),
  );

  constructor(request: DatasetRequest, plan: Plan, folder: string) {
    this.#request = request;
    this.#plan = plan;
    this.#folder = folder;
  }

  /**
   * Reads one factory and one partition from its beginning to its end, and writes its tables: files
   * that are the same whatever was read before, and by whom.
   *
   * @param onRows - Is told of every batch how many rows of tables it gave.
   * @throws DatasetError where a file cannot be written; no part of one is left then.
   */
  async write(
    fleet: Fleet,
    task: ReadingsTask,
    onRows: (rows: number) => void,
  ): Promise<FileEntry[]> {
    const reader = windowReader(this.#request, fleet, { machineIds: task.machineIds });
    reader.seek(task.fromMs);
    const batch = this.#batch;
    const writers: TableWriter[] = [];
    try {
      for (const file of task.files) writers.push(await this.#open(file));
      for (let isDone = false; !isDone; ) {
        batch.clear();
        isDone = reader.read(task.toMs, batch);
        for (const writer of writers) await writer.add(batch);
        onRows(tableRows(batch));
      }
      const entries: FileEntry[] = [];
      for (const [i, file] of task.files.entries())
        entries.push({ ...file, ...(await (writers[i] as TableWriter).finish()) });
      return entries;
    } catch (error) {
      for (const writer of writers) writer.abandon();
      throw error;
    }
  }

  async #open({ path, table }: PlannedFile): Promise<TableWriter> {
    const { format, compression, hasLabels } = this.#request;
    const layout = this.#plan.tables.find(({ name }) => table.endsWith(name)) as TableLayout;
    const file = join(this.#folder, path);
    if (format === 'parquet') {
      // Only this format needs the library, which takes some tenths of a second to load.
      const { ParquetTableWriter, TableColumns } = await import('./parquet-table.ts');
      const columns = this.#columns.get(layout) ?? new TableColumns(layout, hasLabels);
      this.#columns.set(layout, columns);
      return new ParquetTableWriter(file, columns, compression);
    }
    return new LineTableWriter(file, this.#encoders.of(layout), compression);
  }
}
