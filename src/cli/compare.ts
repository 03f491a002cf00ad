import { ConfigError } from '../core/errors.ts';
import { firstDifference, openDataset } from '../dataset/comparison.ts';
import type { Command } from './command.ts';

/** Verifies a dataset against its manifest, and compares it with another one. */
export const compare: Command = {
  name: 'compare',
  about: 'Compare two datasets or manifests: equal (exit code 0), or the first difference (1).',
  options: {},
  operands: 'A B',
  async execute({ operands }, { stdout }) {
    const [a, b] = operands;
    if (a === undefined || b === undefined || operands.length > 2)
      throw new ConfigError([
        { path: 'compare', message: 'needs two folders of datasets, or their manifests' },
      ]);
    const datasets = [openDataset(a), openDataset(b)] as const;
    const difference = firstDifference(...datasets);
    if (difference !== undefined) {
      stdout.write(`${difference}\n`);
      return 1;
    }
    const { files, rows } = datasets[0].manifest;
    const all = Object.values(rows).reduce((sum, each) => sum + each, 0);
    stdout.write(`equal: ${files.length} files, ${all} rows\n`);
    return 0;
  },
};
