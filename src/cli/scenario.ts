import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { ConfigError } from '../core/errors.ts';
import type { Story } from '../core/story.ts';
import { instantText, momentMs, WHOLE_INSTANT_MS } from '../schema/times.ts';
import { readScenario } from '../stories/file.ts';
import { readStories, type TimelineRow, timelineOf } from '../stories/index.ts';
import { columns } from './columns.ts';
import { type Command, FACTORY_OPTION } from './command.ts';
import { OptionReader } from './option-reader.ts';
import { SCENARIO_START } from './scenario-files.ts';
import { SEED, WINDOW_OPTIONS } from './window-options.ts';

/** Most lines that are printed. */
const ROWS_MAX = 100_000;

/** Shows what happens in a scenario. */
export const scenario: Command = {
  name: 'scenario',
  about: 'Check a scenario file, and show what happens in it and when.',
  operands: 'FILE',
  options: {
    ...FACTORY_OPTION,
    seed: WINDOW_OPTIONS.seed,
    ...SCENARIO_START,
    from: { value: 'TIME', about: 'Show only what acts after this time.' },
    to: { value: 'TIME', about: 'Show only what begins before this time.' },
  },
  examples: [
    'scenario examples/scenarios/growing-leak.yaml',
    'scenario year.yaml --factory plant.yaml --from 2026-03-01 --to 2026-04-01 --json',
  ],
  hasReport: true,
  async execute(args, reporter) {
    const options = new OptionReader(args);
    const [file = ''] = options.operands(['FILE']);
    const moment = momentMs(Date.now());
    const seed = options.read('seed', SEED);
    const startMs = options.read('scenario-start', WHOLE_INSTANT_MS);
    const fromMs = options.read('from', moment);
    const toMs = options.read('to', moment);
    options.check();
    const configuration = loadConfiguration({ options: { factory: args.values['factory'] } });
    const text = {
      ...readScenario(file, 'FILE'),
      ...(startMs !== undefined && { startS: startMs / 1000 }),
    };
    const [story] = readStories([text], {
      factories: configuration.factories,
      catalogue: configuration.catalogue,
      seed: seed ?? configuration.simulation.seed,
      hasRegister: () => false,
    });
    const window = {
      ...(fromMs !== undefined && { fromS: fromMs / 1000 }),
      ...(toMs !== undefined && { toS: toMs / 1000 }),
    };
    const rows = rowsOf(story as Story, window);
    reporter.report({
      content: () => content(story as Story, rows, configuration),
      text: () => textOf(story as Story, rows, configuration),
    });
    return 0;
  },
};

/** @throws ConfigError if there are too many. */
function rowsOf(story: Story, window: Parameters<typeof timelineOf>[2]): readonly TimelineRow[] {
  try {
    return timelineOf(story, ROWS_MAX, window);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError([{ path: '--to', message: `${story.name} has ${error.message}` }]);
  }
}

function factoryName({ factoryId }: Story, { factories }: Configuration): string {
  return factories.find(({ id }) => id === factoryId)?.name ?? factoryId;
}

const timeText = (tS: number) => (Number.isFinite(tS) ? instantText(1000 * tS) : null);

function content(story: Story, rows: readonly TimelineRow[], configuration: Configuration) {
  return {
    name: story.name,
    factory: factoryName(story, configuration),
    start: story.startS === undefined ? null : timeText(story.startS),
    seed: story.seed,
    timeline: rows.map(({ event, occurrence, class: name, machine, beginS, endS, values }) => ({
      event,
      occurrence,
      class: name,
      machine,
      begins_at: timeText(beginS),
      ends_at: timeText(endS),
      values,
    })),
  };
}

function textOf(story: Story, rows: readonly TimelineRow[], configuration: Configuration): string {
  const factory = factoryName(story, configuration);
  const heads = ['begins', 'ends', 'event', 'class', 'machine', ''];
  const lines = rows.map((row) => [
    timeText(row.beginS) ?? '-',
    timeText(row.endS) ?? 'for good',
    row.event + (row.occurrence === 0 ? '' : ` (${row.occurrence})`),
    row.class,
    row.machine ?? factory,
    valuesText(row.values),
  ]);
  const count = rows.length === 1 ? '1 occurrence' : `${rows.length} occurrences`;
  return `${story.name} in ${factory}, seed ${story.seed}: ${count}\n${columns([heads, ...lines])}`;
}

function valuesText(values: TimelineRow['values']): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(' ');
}
