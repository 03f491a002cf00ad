import type { Configuration, Shown } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { intervalVariable } from '../config/variables.ts';
import { ConfigError } from '../core/errors.ts';
import type {
  CalendarDescription,
  Closure,
  FactoryDescription,
  MachineDescription,
} from '../core/factory.ts';
import { shiftText, WEEKDAYS } from '../factory/calendar.ts';
import { factoryContent } from '../factory/factory.ts';
import { parametersContent } from '../factory/machine-types.ts';
import { durationText } from '../schema/times.ts';
import { readStories } from '../stories/index.ts';
import { storyContext } from '../stories/told.ts';
import { columns } from './columns.ts';
import { type Command, FACTORY_OPTION, FLEET_OPTION, STORY_OPTION } from './command.ts';

/** Shows the effective configuration, or all errors in it. */
export const check: Command = {
  name: 'check',
  about: 'Show the effective configuration, or all errors in it.',
  options: { ...FACTORY_OPTION, ...FLEET_OPTION, ...STORY_OPTION },
  examples: ['check', 'check --factory examples/two-sites.yaml', 'check --machines 500 --json'],
  hasReport: true,
  async execute({ values: { factory, machines }, lists }, reporter) {
    const scenario = lists['scenario']?.join(',');
    try {
      const configuration = loadConfiguration({ options: { factory, machines, scenario } });
      checkStories(configuration);
      reporter.report({
        content: () => content(configuration),
        text: () => describe(configuration),
      });
      return 0;
    } catch (error) {
      if (!reporter.isJson || !(error instanceof ConfigError)) throw error;
      reporter.report({ content: () => ({ valid: false, faults: error.faults }), text: () => '' });
      return 2;
    }
  },
};

/**
 * Reads the stories, unless they happen in a registry, which may have other factories by now.
 *
 * @throws ConfigError with everything that is wrong with them.
 */
function checkStories(configuration: Configuration): void {
  const { factories, factoryFile, fleetMachines, scenarios, catalogue } = configuration;
  if (factoryFile === undefined && fleetMachines === undefined) return;
  const { haveAllRegisters, simulation } = configuration;
  const basis = { types: catalogue, seed: simulation.seed, registersFromS: 0, haveAllRegisters };
  const given = scenarios.map((text) => ({ ...text, startS: 0 }));
  readStories(given, storyContext(factories, basis));
}

function content(configuration: Configuration) {
  const { shown, sources, factories, factoryFile, remarks, catalogue } = configuration;
  return {
    valid: true,
    variables: Object.entries(shown).map(([name, value]) => ({
      name,
      value,
      source: sources[name],
    })),
    factory_file: factoryFile ?? null,
    factories: factories.map((factory) => factoryContent(factory, catalogue)),
    remarks,
  };
}

/** The configuration as readable text. */
function describe(configuration: Configuration): string {
  const { shown, sources, factories, factoryFile, fleetMachines, remarks } = configuration;
  const variables = Object.entries(shown).map(([name, value]) => [
    `  ${name}`,
    valueText(value),
    sources[name] ?? '',
  ]);
  const made = fleetMachines === undefined ? 'the default' : `a fleet of ${fleetMachines}`;
  const origin = factoryFile === undefined ? made : `from ${factoryFile}`;
  return [
    `Variables\n${columns(variables)}`,
    `Factories (${origin})\n`,
    ...factories.slice(0, ROWS_MAX).map((factory) => factoryText(factory, configuration)),
    rest(factories.length, 'factories', '  '),
    remarks.length > 0 ? `Remarks\n${remarks.map((each) => `  ${each}\n`).join('')}` : '',
    'The configuration is valid.\n',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Most factories, and machines of each, listed as text; JSON contains all. */
const ROWS_MAX = 100;

function rest(count: number, what: string, indent: string): string {
  return count > ROWS_MAX
    ? `${indent}and ${count - ROWS_MAX} more ${what}; use --json for all\n`
    : '';
}

function valueText(value: Shown): string {
  return value === null ? '-' : String(value);
}

function holidaysText({ holidays, publicHolidays }: CalendarDescription): string {
  const { country, region } = publicHolidays ?? {};
  const place = country && `those of ${region === undefined ? country : `${country}-${region}`}`;
  return [...(place ? [place] : []), ...holidays].join(', ') || '-';
}

function spanText({ from, to }: Closure): string {
  return from === to ? from : `${from} to ${to}`;
}

function factoryText(factory: FactoryDescription, configuration: Configuration): string {
  const { calendar, climate, location } = factory;
  const shifts = calendar.shifts.map(
    (each) =>
      `${(each.days ?? []).map((day) => `${WEEKDAYS[day]} `).join('')}` +
      `${shiftText(each)} ${percent(each.loadShare)}`,
  );
  const weekendShare = configuration.settings.weekendProductionFactor ?? calendar.weekendShare;
  const production = [
    ...shifts,
    `else ${percent(calendar.restShare)}`,
    `weekends and holidays ${percent(weekendShare)}`,
  ];
  const facts = [
    ['    id', factory.id],
    ...(location === undefined ? [] : [['    location', location]]),
    ['    time zone', factory.timeZone],
    ['    position', positionText(factory)],
    ['    grid', `${factory.nominalVoltageV} V, ${factory.nominalFrequencyHz} Hz`],
    [
      '    climate',
      `${climate.baseTempC} °C, summer ${signed(climate.summerOffsetK)} K, ` +
        `winter ${signed(climate.winterOffsetK)} K`,
    ],
    ['    production', production.join(', ')],
    ['    holidays', holidaysText(calendar)],
    ...(calendar.closures ? [['    closed', calendar.closures.map(spanText).join(', ')]] : []),
    ...(calendar.extraShifts
      ? [
          [
            '    extra',
            calendar.extraShifts.map((each) => `${each.date} ${shiftText(each)}`).join(', '),
          ],
        ]
      : []),
  ];
  const machines = factory.machines
    .slice(0, ROWS_MAX)
    .map((machine) => machineRow(machine, configuration));
  const heading = ['    machine', 'type', 'rated', 'interval', 'topic', 'id', 'of its own'];
  return [
    `  ${factory.name}\n${columns(facts)}`,
    columns([heading, ...machines]),
    rest(factory.machines.length, 'machines', '    '),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function machineRow(machine: MachineDescription, { sources, catalogue }: Configuration): string[] {
  const variable = intervalVariable(machine.type);
  const isOverridden = variable !== undefined && sources[variable] !== 'default';
  const own = [
    ...Object.entries(parametersContent(machine, catalogue)).map(
      ([name, value]) => `${name}=${value}`,
    ),
    ...(machine.faults ?? []).map(
      ({ type, durationS }) => `${type} for ${durationText(durationS)}`,
    ),
  ];
  return [
    `    ${machine.name}`,
    machine.type,
    `${machine.ratedPowerKw} kW`,
    `${machine.intervalS} s${isOverridden ? ` (${variable})` : ''}`,
    machine.topic,
    machine.id,
    own.join(', ') || '-',
  ];
}

function positionText({ latitude, longitude }: FactoryDescription): string {
  const northSouth = `${Math.abs(latitude)}° ${latitude < 0 ? 'S' : 'N'}`;
  return `${northSouth}, ${Math.abs(longitude)}° ${longitude < 0 ? 'W' : 'E'}`;
}

function percent(share: number): string {
  return `${Math.round(1000 * share) / 10} %`;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
