import { join } from 'node:path';
import { Batch } from '../core/batch.ts';
import type { TableLayout } from '../encoding/table-layout.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches } from '../simulation/reader.ts';
import type { TableWriter } from './formats/format.ts';
import { formatNamed } from './formats/index.ts';
import type { FileEntry } from './manifest.ts';
import type { Plan, PlannedFile, ReadingsTask } from './plan.ts';
import type { DatasetRequest } from './request.ts';
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
  readonly #files = new Memo((layout: TableLayout) => {
    const { format, compression, hasLabels } = this.#request;
    return formatNamed(format).tableFiles(layout, hasLabels, compression);
  });

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
    const writers: TableWriter[] = [];
    try {
      for (const file of task.files) writers.push(await this.#open(file));
      for (const batch of batches(reader, task.toMs, this.#batch)) {
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
    const layout = this.#plan.tables.find(({ name }) => table.endsWith(name)) as TableLayout;
    const begin = await this.#files.of(layout);
    return begin(join(this.#folder, path));
  }
}
