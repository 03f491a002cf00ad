import { ConfigError } from '../core/errors.ts';
import { firstDifference, openDataset } from '../dataset/comparison.ts';
import type { Command } from './command.ts';
import { withProgress } from './progress-line.ts';

/** Verifies a dataset against its manifest, and compares it with another one. */
export const compare: Command = {
  name: 'compare',
  about: 'Compare two datasets or manifests: equal (exit code 0), or the first difference (1).',
  options: {},
  operands: 'A B',
  examples: ['compare dataset dataset', 'compare monday/manifest.json tuesday --json'],
  hasReport: true,
  async execute({ operands }, reporter) {
    const [a, b] = operands;
    if (a === undefined || b === undefined || operands.length > 2)
      throw new ConfigError([
        { path: 'compare', message: 'needs two folders of datasets, or their manifests' },
      ]);
    const datasets = [openDataset(a), openDataset(b)] as const;
    const difference = await withProgress(
      reporter,
      [],
      (progress) => firstDifference(...datasets, (done, all) => progress.show(done, all)),
      'files',
    );
    const { manifest } = datasets[0];
    const files = manifest.files.length;
    const rows = Object.values(manifest.rows).reduce((sum, each) => sum + each, 0);
    reporter.report({
      content: () =>
        difference === undefined ? { equal: true, files, rows } : { equal: false, difference },
      text: () => `${difference ?? `equal: ${files} files, ${rows} rows`}\n`,
    });
    return difference === undefined ? 0 : 1;
  },
};
