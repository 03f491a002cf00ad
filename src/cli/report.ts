import { writeFileSync } from 'node:fs';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { ConfigError } from '../core/errors.ts';
import { pathError } from '../dataset/dataset-error.ts';
import type { ReportSource } from '../report/report-source.ts';
import { version } from '../runtime/version.ts';
import type { Verdict } from '../validation/validate.ts';
import { type Arguments, type Command, FACTORY_OPTION, fleetSize } from './command.ts';
import { readDatasetOptions } from './dataset-request.ts';
import { ProgressLine } from './progress-line.ts';
import { CHOSEN_MACHINES } from './window-options.ts';

/** The default output file. */
const PAGE_DEFAULT = 'report.html';
/** Options that define the simulated window; a dataset already defines it. */
const WINDOW_OPTIONS = ['from', 'to', 'seed', 'machines'];

/** Renders a dataset, or a window that it simulates, as a page of charts. */
export const report: Command = {
  name: 'report',
  about: 'Write a page of charts for a dataset, or for a simulated window.',
  options: {
    from: { value: 'TIME', about: 'Start of the window: 2025-01-01, 2025-01-01T06:00:00Z.' },
    to: { value: 'TIME', about: 'End of the window.' },
    ...FACTORY_OPTION,
    seed: { value: 'NUMBER', about: 'Seed of the simulation.', default: 'SIMULATION_SEED' },
    machines: CHOSEN_MACHINES,
    validate: { about: 'Include the realism checks of the machines: half a minute more.' },
    out: { value: 'FILE', about: 'Output file.', default: PAGE_DEFAULT },
    png: { value: 'FOLDER', about: 'Also write every chart as an image to this folder.' },
  },
  operands: '[DATASET]',
  async execute(args, terminal) {
    const { values, flags } = args;
    const { factory } = values;
    const configuration = loadConfiguration({ options: { factory, machines: fleetSize(values) } });
    const source = await sourceOf(args, configuration);
    if (flags.has('validate') && typeof source.twin === 'string')
      throw new ConfigError([{ path: '--validate', message: `is not possible. ${source.twin}` }]);
    const { ReportTotals } = await import('../report/report-totals.ts');
    const totals = new ReportTotals(source);
    const progress = new ProgressLine(terminal);
    try {
      await source.read(totals, (rows, allRows) => progress.show(rows, allRows));
    } finally {
      progress.end();
    }
    const { reportOf } = await import('../report/report.ts');
    const { page } = await import('../report/page.ts');
    const content = reportOf(source, totals);
    const verdicts = flags.has('validate') ? await verdictsOf(source) : undefined;
    const out = values['out'] ?? PAGE_DEFAULT;
    const written = [out];
    await attempt(out, () => writeFileSync(out, page(content, verdicts)));
    const folder = values['png'];
    if (folder !== undefined) {
      const { writePictures } = await import('../report/pictures.ts');
      const figures = content.sections.flatMap((section) => section.figures);
      const count = await attempt(folder, () => writePictures(folder, figures));
      written.push(`${count} pictures in ${folder}`);
    }
    terminal.stdout.write(`${written.join(', ')}\n`);
    return 0;
  },
};

/** @throws ConfigError for options that exclude each other, or a window without readings. */
async function sourceOf(args: Arguments, configuration: Configuration): Promise<ReportSource> {
  const { operands, values } = args;
  const [folder] = operands;
  if (folder === undefined) {
    const { request } = readDatasetOptions(
      { ...args, values: windowValues(values) },
      configuration,
    );
    const { windowSource, readingsOf } = await import('../report/window-source.ts');
    if (readingsOf(request) === 0)
      throw new ConfigError([
        { path: '--to', message: `${values['to']} comes before the first reading after --from` },
      ]);
    return windowSource(request, version);
  }
  const faults = [
    ...WINDOW_OPTIONS.filter((name) => values[name] !== undefined).map((name) => ({
      path: `--${name}`,
      message: `applies to a simulated window, and ${folder} is a dataset`,
    })),
    ...operands.slice(1).map((path) => ({ path, message: 'is an extra dataset; give only one' })),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  const { datasetSource } = await import('../report/dataset-source.ts');
  return datasetSource(folder, version, configuration);
}

/** Only the options that define the simulated window. */
function windowValues(values: Arguments['values']): Arguments['values'] {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => WINDOW_OPTIONS.includes(name)),
  );
}

async function verdictsOf({ twin }: ReportSource): Promise<readonly Verdict[] | undefined> {
  if (typeof twin === 'string') return undefined;
  const { validate } = await import('../validation/validate.ts');
  return validate(twin);
}

/** @throws DatasetError with the path that cannot be written. */
async function attempt<T>(path: string, write: () => T | Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw pathError('write', path, error);
  }
}
