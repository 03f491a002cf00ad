import { readLines } from './line-reader.ts';
import type { Rows, WantedColumns } from './rows.ts';

/**
 * Reads some columns of a file of a dataset, some thousand rows at a time, in the order of the
 * file; of the file no more is in memory than that. A column that the file does not have is empty.
 *
 * @throws DatasetError where it cannot be read.
 */
export async function* readTable(path: string, wanted: WantedColumns): AsyncGenerator<Rows> {
  if (!path.endsWith('.parquet')) {
    yield* readLines(path, wanted);
    return;
  }
  // Only this format needs the library, which takes some tenths of a second to load.
  const { readParquet } = await import('./parquet-reader.ts');
  yield* readParquet(path, wanted);
}
