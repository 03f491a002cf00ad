import { writeFileSync } from 'node:fs';
import { loadConfiguration } from '../config/load.ts';
import { ConfigError } from '../core/errors.ts';
import { CHECKS } from '../validation/checks.ts';
import {
  verdictsHtml,
  verdictsJson,
  verdictsMarkdown,
  verdictsText,
} from '../validation/tables.ts';
import { isCheckPrefix, validate as judge } from '../validation/validate.ts';
import { json } from './columns.ts';
import { type Command, FACTORY_OPTION } from './command.ts';

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
    json: { about: 'Print as JSON.' },
    html: { value: 'FILE', about: 'Also write the table as an HTML page.' },
    markdown: { value: 'FILE', about: 'Also write the table as Markdown.' },
  },
  async execute({ values, flags }, { stdout }) {
    const { factory, only, html, markdown } = values;
    if (only !== undefined && !isCheckPrefix(only))
      throw new ConfigError([
        { path: '--only', message: `no check starts with ${only}; ${prefixes().join(', ')}` },
      ]);
    const configuration = loadConfiguration({ options: { factory } });
    const verdicts = judge({
      factories: configuration.factories,
      seed: seedOf(values['seed'], configuration.simulation.seed),
      ...(only !== undefined && { only: [only] }),
    });
    if (html !== undefined) writeFileSync(html, verdictsHtml(verdicts));
    if (markdown !== undefined) writeFileSync(markdown, verdictsMarkdown(verdicts));
    stdout.write(flags.has('json') ? json(verdictsJson(verdicts)) : verdictsText(verdicts));
    return verdicts.some(({ outcome }) => outcome === 'fail') ? 1 : 0;
  },
};

/** The largest seed that the configuration accepts. */
const SEED_MAX = 0xffff_ffff;

function seedOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,10}$/.test(text) || Number(text) > SEED_MAX)
    throw new ConfigError([
      { path: '--seed', message: `${text} is not a whole number up to ${SEED_MAX}` },
    ]);
  return Number(text);
}

function prefixes(): string[] {
  return [...new Set(CHECKS.map(({ id }) => id.split('.')[0] as string))];
}
