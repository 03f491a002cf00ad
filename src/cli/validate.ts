import { writeFileSync } from 'node:fs';
import { loadConfiguration } from '../config/load.ts';
import { CHECKS } from '../validation/checks.ts';
import {
  summary,
  verdictRows,
  verdictsHtml,
  verdictsJson,
  verdictsMarkdown,
} from '../validation/tables.ts';
import { isCheckPrefix, validate as judge, type Verdict } from '../validation/validate.ts';
import { columns } from './columns.ts';
import { type Command, FACTORY_OPTION } from './command.ts';
import { OptionReader } from './option-reader.ts';
import { withProgress } from './progress-line.ts';
import { SEED } from './window-options.ts';

/** Checks the machines against published data. */
export const validate: Command = {
  name: 'validate',
  about: 'Simulate the machines and check them against published data.',
  options: {
    ...FACTORY_OPTION,
    seed: { value: 'N', about: 'Seed of the simulation.', default: 'SIMULATION_SEED' },
    only: {
      value: 'PREFIX',
      about: 'Only checks whose id starts with this prefix: comp, grid.freq.',
    },
    html: { value: 'FILE', about: 'Also write the table as an HTML page.' },
    markdown: { value: 'FILE', about: 'Also write the table as Markdown.' },
  },
  examples: [
    'validate',
    'validate --only comp',
    'validate --factory examples/two-sites.yaml --json',
  ],
  hasReport: true,
  async execute(args, reporter) {
    const { factory, only, html, markdown } = args.values;
    const options = new OptionReader(args);
    const seed = options.read('seed', SEED);
    if (only !== undefined && !isCheckPrefix(only))
      options.fault('only', `no check starts with ${only}; ${prefixes().join(', ')}`);
    options.check();
    const configuration = loadConfiguration({ options: { factory } });
    const verdicts = await withProgress(
      reporter,
      [],
      (progress) =>
        judge({
          factories: configuration.factories,
          seed: seed ?? configuration.simulation.seed,
          ...(only !== undefined && { only: [only] }),
          onProgress: (done, all) => progress.show(done, all),
        }),
      'measurements',
    );
    if (html !== undefined) writeFileSync(html, verdictsHtml(verdicts));
    if (markdown !== undefined) writeFileSync(markdown, verdictsMarkdown(verdicts));
    reporter.report({
      content: () => verdictsJson(verdicts),
      text: () => verdictsText(verdicts),
    });
    return verdicts.some(({ outcome }) => outcome === 'fail') ? 1 : 0;
  },
};

/** The verdicts as a table for a terminal, with a summary line. */
export function verdictsText(verdicts: readonly Verdict[]): string {
  return `${columns(verdictRows(verdicts))}\n${summary(verdicts)}\n`;
}

function prefixes(): string[] {
  return [...new Set(CHECKS.map(({ id }) => id.split('.')[0] as string))];
}
