import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { unitOf, wireName } from '../core/field.ts';
import { type MachineType, type Parameter, parameterContent } from '../core/machine.ts';
import { machineTypes } from '../machines/index.ts';
import { columns } from './columns.ts';
import type { Command } from './command.ts';
import { unknown } from './command-line.ts';
import { machinePages } from './machine-pages.ts';

/** Headings of the table of parameters. */
const PARAMETER_HEADS = ['    name', 'default', 'range', 'unit', 'meaning'];

/** Lists the machine types: their parameters, fields and faults. */
export const machines: Command = {
  name: 'machines',
  about: 'List the machine types with their parameters, fields and faults.',
  options: {
    markdown: { value: 'FILE', about: 'Also write a reference page, with plots next to it.' },
  },
  operands: '[TYPE]',
  operandChoices: [machineTypes.map(({ type }) => type)],
  examples: ['machines', 'machines compressor', 'machines pump --json', 'machines --quiet'],
  hasReport: true,
  async execute({ operands, values: { markdown } }, reporter) {
    const types = wantedTypes(operands);
    if (markdown !== undefined) writePages(types, markdown);
    reporter.report({
      content: () => types.map(content),
      text: () => describe(types),
      brief: () => types.map(({ type }) => `${type}\n`).join(''),
    });
    return 0;
  },
};

const IMAGES = 'images/machines';

function writePages(types: readonly MachineType[], file: string): void {
  const { markdown, images } = machinePages(types, IMAGES);
  const folder = join(dirname(file), IMAGES);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, markdown);
  for (const [name, svg] of images) writeFileSync(join(folder, name), svg);
}

/** @throws ConfigError for an unknown type. */
function wantedTypes(names: readonly string[]): readonly MachineType[] {
  const known = machineTypes.map(({ type }) => type);
  const faults = names
    .filter((name) => !known.includes(name))
    .map((name) => unknown(name, 'a machine type', known));
  if (faults.length > 0) throw new ConfigError(faults);
  return names.length > 0 ? machineTypes.filter(({ type }) => names.includes(type)) : machineTypes;
}

function content(type: MachineType) {
  return {
    type: type.type,
    title: type.title,
    interval: type.intervalS,
    typical_rated_power_kw: type.typicalRatedPowerKw,
    parameters: Object.entries(type.parameters).map(([key, parameter]) => ({
      name: wireName(key),
      default: parameterContent(parameter, parameter.value),
      ...limits(parameter),
      unit: unitOf(key),
      about: parameter.about,
    })),
    channels: type.channels.map(({ name, fields }) => ({
      name,
      fields: fields.map(({ name, unit, kind, decimals }) => ({ name, unit, kind, decimals })),
    })),
    faults: type.faultTypes.map((name, i) => ({
      type: name,
      onset: type.faultList[i]?.onset,
      about: type.faultList[i]?.about,
      signals: type.faultList[i]?.signals.map(wireName),
    })),
    alerts: type.alertCodes.map((code, i) => ({ code, message: type.alertList[i]?.message })),
  };
}

/** The accepted values of a parameter: names, or a range. */
function limits({ choices, range }: Parameter): {
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
} {
  return choices ? { choices } : { min: range[0], max: range[1] };
}

function describe(types: readonly MachineType[]): string {
  return types.map((type) => typeText(content(type))).join('\n\n');
}

function typeText(type: ReturnType<typeof content>): string {
  const rated = type.parameters.find(({ name }) => name === 'rated_power_kw');
  const [least, most] = type.typical_rated_power_kw;
  const facts = [
    ['  interval', `${type.interval} s`],
    ['  rated power', `${least} to ${most} kW, accepted ${rated?.min} to ${rated?.max} kW`],
  ];
  const parameters = type.parameters.map(({ name, default: value, unit, about, ...accepted }) => [
    `    ${name}`,
    String(value),
    accepted.choices?.join(' | ') ?? `${accepted.min} to ${accepted.max}`,
    unit || '-',
    about,
  ]);
  const fields = type.channels.flatMap(({ name, fields }) =>
    fields.map((field, i) => [i === 0 ? `    ${name}` : '    ', field.name, field.unit || '-']),
  );
  const faults = type.faults.map(({ type: name, onset = '', about = '', signals = [] }) => [
    `    ${name}`,
    onset,
    signals.join(' '),
    about,
  ]);
  return [
    `${type.type}: ${type.title}\n${columns(facts)}`,
    `  Parameters\n${columns([PARAMETER_HEADS, ...parameters])}`,
    `  Fields\n${columns([['    topic', 'name', 'unit'], ...fields])}`,
    `  Faults\n${columns([['    type', 'onset', 'signals', 'what happens'], ...faults])}`,
  ].join('\n');
}
