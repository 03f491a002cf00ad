import type { Format } from '../dataset/formats/format.ts';
import { FORMAT_NAMES, FORMATS } from '../dataset/formats/index.ts';
import { choice } from '../schema/value-type.ts';
import type { Command } from './command.ts';
import { readGenerateOptions } from './dataset-request.ts';
import { DESTINATIONS } from './destinations/index.ts';
import { withProgress } from './progress-line.ts';
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
    format: {
      value: 'FORMAT',
      about: `${choice(FORMAT_NAMES).expected}.`,
      default: FORMAT_NAMES[0] as string,
    },
    compress: {
      value: 'METHOD',
      about: `Parquet: ${methodsOf(parquet)}. Others: ${methodsOf(...others)}.`,
      default: `${parquet.compressions[0]}, others ${others[0].compressions[0]}`,
    },
    partition: {
      value: 'SPAN',
      about: 'Time span of a file: day or month.',
      default: 'day up to 92 days, else month',
    },
    labels: { about: 'Add the columns anomaly (0, 1) and anomaly_type to every table.' },
    clean: { about: 'Also write the twin without anomalies to clean/.' },
    cluster: { about: 'Use the workers of a cluster (REDIS_URL), see docs/guides/scale.md.' },
    ...Object.fromEntries(DESTINATIONS.flatMap(({ options }) => Object.entries(options))),
  },
  async execute(args, terminal) {
    const configuration = windowConfiguration(args);
    const { write, ...request } = readGenerateOptions(args, configuration);
    return withProgress(terminal, configuration.remarks, (progress) =>
      write({ ...request, configuration, progress, stdout: terminal.stdout }),
    );
  },
};
