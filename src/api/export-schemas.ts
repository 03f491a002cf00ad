import Type from 'typebox';
import { ALL_COMPRESSIONS, COMPRESSIONS, FORMAT_NAMES } from '../dataset/formats/index.ts';
import { timeText } from '../encoding/time.ts';
import type { ExportRecord, ExportSummary } from '../service/exports.ts';
import { command, Id, Instant, numberOrNull, oneOf, Time, textOrNull } from './schemas.ts';

/** Longest resampling interval: a day [s]. */
const RESAMPLE_MAX_S = 86_400;
/** Machines that one export may name. */
const MACHINES_MAX = 10_000;
const NAME_MAX = 200;

/** The body of an export request: the options of `generate`. */
export const ExportBody = command(
  {
    from: Instant,
    to: Instant,
    machines: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: NAME_MAX }), {
        minItems: 1,
        maxItems: MACHINES_MAX,
        description: 'Ids or names; default: all machines.',
      }),
    ),
    format: Type.Optional(oneOf(FORMAT_NAMES, { description: `Default: ${FORMAT_NAMES[0]}.` })),
    compress: Type.Optional(
      oneOf(ALL_COMPRESSIONS, {
        description: Object.entries(COMPRESSIONS)
          .map(([format, methods]) => `${format}: ${methods.join(', ')}`)
          .join('; '),
      }),
    ),
    partition: Type.Optional(oneOf(['day', 'month'], { description: 'Time span of one file.' })),
    wide: Type.Optional(
      Type.Boolean({
        description:
          'Write one table for each machine type instead of one for each channel: a row a ' +
          'reading, with all fields and labels.',
      }),
    ),
    labels: Type.Optional(
      Type.Boolean({ description: 'Add the columns anomaly and anomaly_type to every table.' }),
    ),
    clean: Type.Optional(
      Type.Boolean({ description: 'Also write the twin without anomalies to clean/.' }),
    ),
    resample_seconds: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: RESAMPLE_MAX_S,
        description: 'Resample to this interval, a multiple of every machine’s interval.',
      }),
    ),
  },
  {
    examples: [{ from: '2026-10-01T00:00:00Z', to: '2026-10-08T00:00:00Z', format: 'csv' }],
  },
);

/** An export as clients see it. */
export const Export = Type.Object({
  id: Id,
  state: oneOf(['running', 'done', 'failed']),
  created_at: Type.String({ description: 'Real time.', examples: ['2026-10-09T12:00:00Z'] }),
  ended_at: textOrNull({ description: 'Real time; the export is removed a day later.' }),
  from: Time,
  to: Time,
  machines: Type.Array(Id),
  format: oneOf(FORMAT_NAMES),
  compress: oneOf(ALL_COMPRESSIONS),
  partition: oneOf(['day', 'month', 'whole']),
  wide: Type.Boolean(),
  labels: Type.Boolean(),
  clean: Type.Boolean(),
  resample_seconds: numberOrNull({ description: 'Null: the interval of each machine.' }),
  rows: Type.Integer({ description: 'Rows of readings written so far.', examples: [120_000] }),
  rows_total: Type.Integer({ examples: [2_298_240] }),
  share: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the export that is done.' }),
  bytes: Type.Integer({ examples: [24_000_000] }),
  error: textOrNull({ description: 'Why it failed.' }),
});

/** An export with its files. */
export const ExportWithFiles = Type.Object({
  ...Export.properties,
  files: Type.Array(
    Type.Object({
      path: Type.String({ examples: ['energy/factory=demo/2026-10-01.csv'] }),
      table: Type.String({ examples: ['energy'] }),
      rows: Type.Integer(),
      bytes: Type.Integer(),
      sha256: Type.String(),
    }),
    { description: 'All files including the manifest, once it is done; each at `files/{path}`.' },
  ),
});

/** An export, as the API shows it. */
export function shownExport({ asked, state, rows, allRows, ...record }: ExportSummary) {
  const share = state === 'done' ? 1 : allRows === 0 ? 0 : rows / allRows;
  return {
    id: record.id,
    state,
    created_at: new Date(record.createdMs).toISOString(),
    ended_at: record.endedMs === null ? null : new Date(record.endedMs).toISOString(),
    from: timeText(asked.fromMs),
    to: timeText(asked.toMs),
    machines: [...asked.machineIds],
    format: asked.format,
    compress: asked.compression,
    partition: asked.partition,
    wide: asked.wide !== undefined,
    labels: asked.hasLabels,
    clean: asked.hasClean,
    resample_seconds: asked.resampleMs === undefined ? null : asked.resampleMs / 1000,
    rows,
    rows_total: allRows,
    share: Math.round(share * 1e4) / 1e4,
    bytes: record.bytes,
    error: record.error,
  };
}

/** An export with its files, as the API shows it. */
export function shownWithFiles(record: ExportRecord) {
  return { ...shownExport(record), files: [...record.files] };
}
