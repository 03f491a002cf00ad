import type { Format } from './format.ts';

/**
 * Parquet. Its modules are imported on first use: the library takes some tenths of a second to
 * load.
 */
export const parquet: Format<'parquet'> = {
  name: 'parquet',
  mediaType: 'application/vnd.apache.parquet',
  lines: undefined,
  compressions: ['zstd', 'snappy', 'gzip', 'none'],
  extension: () => '.parquet',
  async tableFiles(layout, labels, compression) {
    const { ParquetTableWriter, TableColumns } = await import('./parquet-table.ts');
    const columns = new TableColumns(layout, labels);
    return (path) => new ParquetTableWriter(path, columns, compression);
  },
  async writeRecords(path, table, compression) {
    const { writeParquetRecords } = await import('./parquet-file.ts');
    return writeParquetRecords(path, table, compression);
  },
  async *read(path, wanted) {
    const { readParquet } = await import('./parquet-reader.ts');
    yield* readParquet(path, wanted);
  },
};
