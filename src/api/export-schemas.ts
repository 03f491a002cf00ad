import Type from 'typebox';
import { ALL_COMPRESSIONS, COMPRESSIONS, FORMAT_NAMES } from '../dataset/formats/index.ts';
import { timeText } from '../encoding/time.ts';
import type { ExportRecord, ExportSummary } from '../service/exports.ts';
import { command, Id, Instant, numberOrNull, oneOf, Time, textOrNull } from './schemas.ts';

/** Readings are condensed to a day at most [s]. */
const RESAMPLE_MAX_S = 86_400;
/** Machines that one export may name; without names it has all. */
const MACHINES_MAX = 10_000;
const NAME_MAX = 200;

/** What is asked for: the options of `generate`. */
export const ExportBody = command(
  {
    from: Instant,
    to: Instant,
    machines: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: NAME_MAX }), {
        minItems: 1,
        maxItems: MACHINES_MAX,
        description: 'Ids or names; without them all machines.',
      }),
    ),
    format: Type.Optional(oneOf(FORMAT_NAMES, { description: `${FORMAT_NAMES[0]} if not given.` })),
    compress: Type.Optional(
      oneOf(ALL_COMPRESSIONS, {
        description: Object.entries(COMPRESSIONS)
          .map(([format, methods]) => `${format}: ${methods.join(', ')}`)
          .join('; '),
      }),
    ),
    partition: Type.Optional(oneOf(['day', 'month'], { description: 'What a file covers.' })),
    labels: Type.Optional(
      Type.Boolean({ description: 'Add the columns anomaly and anomaly_type to every table.' }),
    ),
    clean: Type.Optional(
      Type.Boolean({ description: 'Also write the twin without anomalies, below clean/.' }),
    ),
    resample_seconds: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: RESAMPLE_MAX_S,
        description: 'Condense readings to this interval, a multiple of every machine’s own.',
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
  ended_at: textOrNull({ description: 'Real time; a day later it is removed.' }),
  from: Time,
  to: Time,
  machines: Type.Array(Id),
  format: oneOf(FORMAT_NAMES),
  compress: oneOf(ALL_COMPRESSIONS),
  partition: oneOf(['day', 'month']),
  labels: Type.Boolean(),
  clean: Type.Boolean(),
  resample_seconds: numberOrNull({ description: 'Null: each machine’s own interval.' }),
  rows: Type.Integer({ description: 'Rows of readings that are written.', examples: [120_000] }),
  rows_total: Type.Integer({ examples: [2_298_240] }),
  share: Type.Number({ minimum: 0, maximum: 1, description: 'How much of it is done.' }),
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
    { description: 'Once it is done, all of them with the manifest; each at `files/{path}`.' },
  ),
});

/** How far an export is. */
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

/** How far an export is, and its files. */
export function shownWithFiles(record: ExportRecord) {
  return { ...shownExport(record), files: [...record.files] };
}
