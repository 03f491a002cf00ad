/**
 * The Parquet library alone, with the work of one worker, for `bench/export`: receives files, turns
 * them into columns, and writes these as often as requested.
 */
import { readFileSync } from 'node:fs';
import * as parquet from 'parquet-wasm';
import { writerProperties } from '../src/dataset/formats/parquet-file.ts';

const columns = process.argv
  .slice(2)
  .map((path) => parquet.readParquet(new Uint8Array(readFileSync(path))).intoIPCStream());

process.on('message', () => {
  for (const ipc of columns) {
    const table = parquet.Table.fromIPCStream(ipc);
    parquet.writeParquet(table, writerProperties('zstd'));
  }
  process.send?.('written');
});
process.send?.('ready');
