import { csv } from '../../encoding/csv.ts';
import { jsonLines } from '../../encoding/json-lines.ts';
import { DatasetError } from '../dataset-error.ts';
import type { Compression, Format, Rows, WantedColumns } from './format.ts';
import { lines } from './lines.ts';
import { parquet } from './parquet.ts';

/** The formats of datasets, the default first. To add one, add a file and a line here. */
export const FORMATS = [parquet, lines(csv), lines(jsonLines)] as const;

/** The name of a format. */
export type FormatName = (typeof FORMATS)[number]['name'];

/** The names of all formats, the default first. */
export const FORMAT_NAMES: readonly FormatName[] = FORMATS.map(({ name }) => name);

/** The formats that can be written to a stream, the default first. */
export const STREAM_FORMATS: readonly FormatName[] = FORMATS.flatMap(({ name, lines }) =>
  lines ? [name] : [],
);

/** The compression methods of each format, the default first. */
export const COMPRESSIONS = Object.fromEntries(
  FORMATS.map(({ name, compressions }) => [name, compressions]),
) as Readonly<Record<FormatName, Format['compressions']>>;

/** All compression methods of all formats. */
export const ALL_COMPRESSIONS: readonly Compression[] = [
  ...new Set(Object.values(COMPRESSIONS).flat()),
];

/** The format with a name. */
export function formatNamed(name: FormatName): Format {
  return FORMATS.find((format) => format.name === name) as Format;
}

/** The format of a file, by its extension; undefined for other files. */
export function formatOf(path: string): Format | undefined {
  return FORMATS.find((format) =>
    format.compressions.some((compression) => path.endsWith(format.extension(compression))),
  );
}

/**
 * Streams some columns of a file of a dataset, see {@link Format.read}.
 *
 * @throws DatasetError if it cannot be read.
 */
export function readTable(path: string, wanted: WantedColumns): AsyncGenerator<Rows> {
  const format = formatOf(path);
  if (!format) throw new DatasetError(`cannot read ${path}: it is not in a format of datasets`);
  return format.read(path, wanted);
}
