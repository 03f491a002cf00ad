import { writeFileSync } from 'node:fs';
import type { Configuration } from '../config/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import { pathError } from '../dataset/dataset-error.ts';
import type { ReportSource } from '../report/report-source.ts';
import { version } from '../runtime/version.ts';
import type { Verdict } from '../validation/validate.ts';
import type { Arguments, Command } from './command.ts';
import { OptionReader } from './option-reader.ts';
import { withProgress } from './progress-line.ts';
import type { Reporter } from './reporter.ts';
import { readToldWindow, SCENARIO_OPTIONS } from './scenario-files.ts';
import { readWindow, WINDOW_OPTIONS, windowConfiguration } from './window-options.ts';

/** The default output file. */
const PAGE_DEFAULT = 'report.html';
/** Options that define the simulated window; a dataset already defines it. */
const SIMULATED_ONLY = ['from', 'to', 'seed', 'machines', 'scenario', 'scenario-start'];

/** Renders a dataset, or a window that it simulates, as a page of charts. */
export const report: Command = {
  name: 'report',
  about: 'Write a page of charts for a dataset, or for a simulated window.',
  options: {
    ...WINDOW_OPTIONS,
    ...SCENARIO_OPTIONS,
    validate: { about: 'Include the realism checks of the machines: half a minute more.' },
    out: { value: 'FILE', about: 'Output file.', default: PAGE_DEFAULT },
    png: { value: 'FOLDER', about: 'Also write every chart as an image to this folder.' },
  },
  operands: '[DATASET]',
  examples: [
    'report dataset',
    'report --from yesterday --to today --out yesterday.html',
    'report --from 2026-01-01 --to 2026-02-01 --png images --validate',
  ],
  hasReport: true,
  async execute(args, reporter) {
    const { values, flags } = args;
    const configuration = windowConfiguration(args);
    const source = await sourceOf(args, configuration);
    if (flags.has('validate') && typeof source.twin === 'string')
      throw new ConfigError([{ path: '--validate', message: `is not possible. ${source.twin}` }]);
    const { totalsOf } = await import('../report/report-totals.ts');
    const totals = await withProgress(reporter, [], (progress) =>
      totalsOf(source, (rows, allRows) => progress.show(rows, allRows)),
    );
    const { reportOf } = await import('../report/report.ts');
    const { page } = await import('../report/page.ts');
    const content = reportOf(source, totals);
    const verdicts = flags.has('validate') ? await verdictsOf(source, reporter) : undefined;
    const out = values['out'] ?? PAGE_DEFAULT;
    let pictures = 0;
    await attempt(out, () => writeFileSync(out, page(content, verdicts)));
    const folder = values['png'];
    if (folder !== undefined) {
      const { writePictures } = await import('../report/pictures.ts');
      const figures = content.sections.flatMap((section) => section.figures);
      pictures = await attempt(folder, () => writePictures(folder, figures));
    }
    reporter.report({
      content: () => ({ page: out, ...(folder !== undefined && { folder, pictures }) }),
      text: () => `${out}${folder === undefined ? '' : `, ${pictures} pictures in ${folder}`}\n`,
    });
    return 0;
  },
};

/** @throws ConfigError for options that exclude each other, or a window without readings. */
async function sourceOf(args: Arguments, configuration: Configuration): Promise<ReportSource> {
  const { operands, values } = args;
  const [folder] = operands;
  if (folder === undefined) {
    const options = new OptionReader(args);
    const isTold = options.isGiven('scenario') || options.isGiven('scenario-start');
    const request = (isTold ? readToldWindow : readWindow)(options, configuration);
    options.check();
    const { windowSource } = await import('../report/window-source.ts');
    const source = windowSource(request, version);
    if (source.allRows > 0) return source;
    const message = `${values['to']} comes before the first reading after --from`;
    throw new ConfigError([{ path: '--to', message }]);
  }
  const faults = [
    ...SIMULATED_ONLY.filter((name) => values[name] !== undefined).map((name) => ({
      path: `--${name}`,
      message: `applies to a simulated window, and ${folder} is a dataset`,
    })),
    ...operands.slice(1).map((path) => ({ path, message: 'is an extra dataset; give only one' })),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  const { datasetSource } = await import('../report/dataset-source.ts');
  return datasetSource(folder, version, configuration);
}

async function verdictsOf(
  { twin }: ReportSource,
  reporter: Reporter,
): Promise<readonly Verdict[] | undefined> {
  if (typeof twin === 'string') return undefined;
  const { validate } = await import('../validation/validate.ts');
  return withProgress(
    reporter,
    [],
    (progress) => validate({ ...twin, onProgress: (done, all) => progress.show(done, all) }),
    'measurements',
  );
}

/** @throws DatasetError with the path that cannot be written. */
async function attempt<T>(path: string, write: () => T | Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw pathError('write', path, error);
  }
}
