import Type from 'typebox';
import { ALL_COMPRESSIONS, COMPRESSIONS, FORMAT_NAMES } from '../dataset/formats/index.ts';
import { timeText } from '../encoding/time.ts';
import type { ExportRecord, ExportSummary } from '../service/exports.ts';
import {
  command,
  flag,
  instant,
  integer,
  list,
  named,
  numberOrNull,
  oneOf,
  text,
  textOrNull,
  time,
} from './schemas.ts';

/** Longest resampling interval: a day [s]. */
const RESAMPLE_MAX_S = 86_400;
/** Machines that one export may name. */
const MACHINES_MAX = 10_000;
const NAME_MAX = 200;
/** Characters of a scenario: those of a file of 1 MiB. */
const SCENARIO_MAX = 1024 * 1024;
/** Scenarios of one export, and twins without an event. */
const SCENARIOS_MAX = 20;
const TWINS_MAX = 20;

/** The body of an export request: the options of `generate`. */
export const ExportBody = command(
  {
    from: instant('Start of the window, excluded.', '2026-01-05T06:00:00Z'),
    to: instant('End of the window, included.', '2026-01-05T14:00:00Z'),
    machines: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: NAME_MAX }), {
        minItems: 1,
        maxItems: MACHINES_MAX,
        description: 'Ids or names of machines; default: all machines.',
      }),
    ),
    format: Type.Optional(oneOf(`Format of the files; default: ${FORMAT_NAMES[0]}.`, FORMAT_NAMES)),
    compress: Type.Optional(
      oneOf(
        `Compression of the files. ${Object.entries(COMPRESSIONS)
          .map(([format, methods]) => `${format}: ${methods.join(', ')}`)
          .join('; ')}.`,
        ALL_COMPRESSIONS,
      ),
    ),
    partition: Type.Optional(
      oneOf('Time span of one file; default: a day, or a month in a long window.', [
        'day',
        'month',
      ]),
    ),
    wide: Type.Optional(
      flag(
        'Whether to write one table for each machine type instead of one for each channel: a ' +
          'row a reading, with all fields and labels.',
      ),
    ),
    labels: Type.Optional(
      flag(
        'Whether to add the columns anomaly and anomaly_type to every table; where stories are ' +
          'told, also defect, defect_kind and received_at.',
      ),
    ),
    clean: Type.Optional(
      flag('Whether to also write a twin without anomalies and instrument defects to clean/.'),
    ),
    scenarios: Type.Optional(
      Type.Array(
        Type.Unsafe<object | string>({
          type: ['object', 'string'],
          minLength: 1,
          maxLength: SCENARIO_MAX,
          title: 'a scenario as an object, or its text in YAML',
        }),
        {
          minItems: 1,
          maxItems: SCENARIOS_MAX,
          description:
            'Scenarios to tell besides the stories of the factory, each an object or the text of ' +
            'a scenario file. The running factory is left alone.',
        },
      ),
    ),
    scenario_start: Type.Optional(
      instant('Zero of the relative times of scenarios without a start.', '2026-01-05T06:00:00Z'),
    ),
    true: Type.Optional(flag('Whether to also write a twin without instrument defects to true/.')),
    without: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: NAME_MAX }), {
        minItems: 1,
        maxItems: TWINS_MAX,
        description:
          'Events of scenarios; a twin without each of them is written to without/EVENT/. An ' +
          'event is `scenario/id` where several have an event of the same id.',
      }),
    ),
    resample_seconds: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: RESAMPLE_MAX_S,
        description: 'Interval to resample to, a multiple of every machine’s interval [s].',
      }),
    ),
  },
  {
    description: 'What to export.',
    examples: [{ from: '2026-01-05T06:00:00Z', to: '2026-01-05T14:00:00Z', format: 'csv' }],
  },
);

/** The id of an export. */
const ID_EXAMPLE = '6f9619ff-8b86-4011-b42d-00c04fc964ff';

const properties = {
  id: text('Id of the export.', ID_EXAMPLE),
  state: oneOf('Whether it is running, done or failed.', ['running', 'done', 'failed']),
  created_at: text('When it was requested, in real time.', '2026-01-05T15:00:00.000Z'),
  ended_at: textOrNull(
    'When it ended, in real time; null while it runs. It is removed a day later.',
    '2026-01-05T15:00:02.000Z',
  ),
  from: time('Start of the window, excluded.'),
  to: time('End of the window, included.', '2026-01-05T14:00:00Z'),
  machines: list('Ids of the machines.', Type.String()),
  format: oneOf('Format of the files.', FORMAT_NAMES),
  compress: oneOf('Compression of the files.', ALL_COMPRESSIONS),
  partition: oneOf('Time span of one file.', ['day', 'month', 'whole']),
  wide: flag('Whether there is one table for each machine type, with all fields and labels.'),
  labels: flag('Whether every table has the columns anomaly and anomaly_type.'),
  clean: flag('Whether clean/ has a twin without anomalies.'),
  scenarios: list('Names of the scenarios that are told besides.', Type.String()),
  true: flag('Whether true/ has a twin without instrument defects.'),
  without: list('Events without which there are twins in without/.', Type.String()),
  resample_seconds: numberOrNull('Interval of the readings [s]; null: that of each machine.', null),
  rows: integer('Rows of readings written so far.', 120_000),
  rows_total: integer('Rows of readings when it is done.', 2_298_240),
  share: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Share of the export that is done.',
    examples: [0.0522],
  }),
  bytes: integer('Size of the files so far [B].', 24_000_000),
  error: textOrNull('Why it failed; null if it did not.', null),
};

/** An export as clients see it. */
export const Export = named('Export', 'A dataset of the running factory.', properties);

/** An export with its files. */
export const ExportWithFiles = named('ExportWithFiles', 'A dataset, and its files.', {
  ...properties,
  files: list(
    'All files including the manifest, once it is done; each at `files/{path}`.',
    Type.Object({
      path: text('Path of the file in the dataset.', 'energy/factory=demo/2026-01-05.csv'),
      table: text('Table that the file belongs to.', 'energy'),
      rows: integer('Rows in the file.', 86_400),
      bytes: integer('Size of the file [B].', 4_200_000),
      sha256: text(
        'SHA-256 checksum of the file.',
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      ),
    }),
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
    scenarios: [...(asked.scenarios ?? [])],
    true: asked.hasTrue ?? false,
    without: [...(asked.without ?? [])],
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
