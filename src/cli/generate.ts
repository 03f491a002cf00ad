import type { Format } from '../dataset/formats/format.ts';
import { ALL_COMPRESSIONS, FORMAT_NAMES, FORMATS } from '../dataset/formats/index.ts';
import { SPLIT_DEFAULT } from '../dataset/split.ts';
import { choice } from '../schema/value-type.ts';
import type { Command } from './command.ts';
import { readGenerateOptions } from './dataset-request.ts';
import { DESTINATIONS } from './destinations/index.ts';
import { withProgress } from './progress-line.ts';
import { SCENARIO_OPTIONS } from './scenario-files.ts';
import { WINDOW_OPTIONS, windowConfiguration } from './window-options.ts';

const [parquet, ...others] = FORMATS;

/** The compression methods of some formats: `gzip or none`. */
function methodsOf(...formats: readonly Format[]): string {
  const methods = new Set(formats.flatMap(({ compressions }) => compressions));
  methods.delete('none');
  return choice([...methods, 'none']).expected;
}

/** Writes history with its answer key, as fast as possible. */
export const generate: Command = {
  name: 'generate',
  about: 'Write the readings of a window to files, a database or a broker, at full speed.',
  options: {
    ...WINDOW_OPTIONS,
    resample: {
      value: 'SPAN',
      about: 'Resample to a longer interval: 60s, 15m; a multiple of every machine’s interval.',
      default: 'the interval of each machine',
    },
    ...SCENARIO_OPTIONS,
    registers: {
      about: 'Give every machine an energy register: energy_total_kwh, what its meter shows.',
    },
    'registers-from': {
      value: 'TIME',
      about: 'When the energy registers stood at 0, at or before --from.',
      default: '--from',
    },
    format: {
      value: 'FORMAT',
      about: `${choice(FORMAT_NAMES).expected}.`,
      choices: FORMAT_NAMES,
      default: FORMAT_NAMES[0] as string,
    },
    compress: {
      value: 'METHOD',
      about: `Parquet: ${methodsOf(parquet)}. Others: ${methodsOf(...others)}.`,
      default: `${parquet.compressions[0]}, others ${others[0].compressions[0]}`,
      choices: ALL_COMPRESSIONS,
    },
    partition: {
      value: 'SPAN',
      about: 'Time span of a file: day or month.',
      default: 'day up to 92 days, else month',
      choices: ['day', 'month'],
    },
    labels: {
      about:
        'Add the columns anomaly (0, 1) and anomaly_type to every table; with --scenario also ' +
        'defect (0, 1), defect_kind and received_at.',
    },
    received: { about: 'With --scenario: add received_at, when a reading was delivered.' },
    wide: {
      about: 'One table for each machine type: a row a reading, with all fields and labels.',
    },
    split: {
      value: 'SHARES',
      about: 'With --wide: percentages of train, validation and test, in the order of time.',
      default: SPLIT_DEFAULT.join('/'),
    },
    true: { about: 'With --scenario: also write the twin without instrument defects to true/.' },
    clean: { about: 'Also write the twin without anomalies and instrument defects to clean/.' },
    without: {
      value: 'EVENT',
      about:
        'With --scenario: also write the twin without this event to without/EVENT/; may be given ' +
        'several times.',
    },
    'truth-out': {
      value: 'FOLDER',
      about: 'Write all that gives the answer away to this folder, not to that of the dataset.',
    },
    cluster: { about: 'Use the workers of a cluster (REDIS_URL), see docs/guides/scale.md.' },
    ...Object.fromEntries(DESTINATIONS.flatMap(({ options }) => Object.entries(options))),
  },
  examples: [
    'generate --from 2026-01-01 --to 2026-02-01 --labels',
    'generate --from 2026-03-01 --to 2026-03-08 --scenario examples/scenarios/wrong-ct.yaml',
    'generate --from -7d --to now --machines Compressor-1,HVAC-Main --format csv --out week',
    'generate --from yesterday --to today --resample 15m --format jsonl --out -',
    'generate --from -1h --to now --mqtt mqtt://localhost --quiet',
    'generate --from -1d --to now --postgres postgres://user@localhost/enms --json',
  ],
  hasReport: true,
  async execute(args, reporter) {
    const configuration = windowConfiguration(args);
    const { write, remarks, ...request } = readGenerateOptions(args, configuration);
    return withProgress(reporter, [...configuration.remarks, ...remarks], (progress) =>
      write({ ...request, configuration, progress, stdout: reporter.stdout }),
    );
  },
};
