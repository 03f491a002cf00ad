import type { Field } from '../core/field.ts';
import type { TableLayout } from '../encoding/table-layout.ts';
import { timeText } from '../encoding/time.ts';
import { aggregationText } from './aggregation.ts';
import { keyScope } from './answer-key.ts';
import { extension, FILE_MACHINES_MAX, type Plan, WIDE_FOLDER } from './plan.ts';
import { type DatasetRequest, isTold } from './request.ts';
import { type Split, splitSpans } from './split.ts';

/** Descriptions of the kinds of fields. */
const KINDS = {
  number: 'number',
  count: 'whole number',
  mode: 'text: idle, running, maintenance, fault or offline',
  text: 'text',
} as const;

/** The data sheet of a dataset: its content, how it was made, and its limits. */
export function dataSheet(request: DatasetRequest, plan: Plan): string {
  const { tables, machines, isCut } = plan;
  const end = extension(request);
  const isSealed = request.truthFolder !== undefined;
  const isToldOf = isTold(request);
  const factories = new Set(machines.map(({ factoryId }) => factoryId)).size;
  return [
    '# Simulated factory data',
    '',
    `${machines.length} machines in ${factories} ${factories === 1 ? 'factory' : 'factories'}, ` +
      `readings with ${timeText(request.fromMs)} < time ≤ ${timeText(request.toMs)}` +
      `${isSealed ? '. ' : `, seed ${request.seed}. `}Nothing in it was measured: it comes from ` +
      'enms-simulator.',
    '',
    '## Files',
    '',
    ...tables.map(({ name }) =>
      request.wide
        ? `- \`${WIDE_FOLDER}/${name}${end}\``
        : `- \`${name}/factory=NAME/${request.partition.toUpperCase()}${end}\``,
    ),
    ...(isCut ? [cutNote(request)] : []),
    ...(isSealed ? [] : twinNotes(request)),
    `- \`machines${end}\`, \`factories${end}\`: what the readings are of`,
    ...(isSealed ? [SEALED_NOTE] : keyNotes(request)),
    '',
    ...(request.wide
      ? wideNotes(request, request.wide.split, tables)
      : channelNotes(request, tables)),
    '',
    ...(request.resampleMs === undefined ? [] : resamplingNotes(request.resampleMs)),
    ...FIELD_NOTES,
    ...(isToldOf ? TOLD_NOTES : []),
    ...(isSealed ? [] : ANOMALY_NOTES),
    ...(isToldOf && !isSealed ? STORY_NOTES : []),
    ...MAKING_NOTES,
    ...(isToldOf ? [] : ['- No gaps, no late or repeated readings.']),
    ...(isSealed ? [] : OVERLAP_NOTES),
    ...GZIP_NOTES,
  ].join('\n');
}

/** The twins beside the data. */
function twinNotes({ hasTrue, hasClean, without = [] }: DatasetRequest): readonly string[] {
  return [
    ...(hasTrue ? ['- `true/…`: the same readings as sound instruments tell them'] : []),
    ...(hasClean ? ['- `clean/…`: the same factory in which nothing ever fails'] : []),
    ...without.map((id) => `- \`without/${id}/…\`: the same without the event \`${id}\``),
  ];
}

const SEALED_NOTE =
  '- `manifest.json`: what it was made from, as far as that gives nothing away, the digest of ' +
  'every file, and that of the manifest of the truth, which is sealed';

/** The answer key, and what tells how it was made. */
function keyNotes(request: DatasetRequest): readonly string[] {
  const end = extension(request);
  const { ofStories, isDetailed } = keyScope(request);
  return [
    `- \`anomalies${end}\`: the answer key`,
    ...(ofStories
      ? [
          `- \`defects${end}\`, \`measures${end}\`, \`scenarios${end}\`: the answer key of the ` +
            'scenarios that are told',
        ]
      : []),
    ...(isDetailed
      ? [
          `- \`expected${end}\`, \`excess${end}\`: true energy by the hour, with and without ` +
            'measures, and what each anomaly costs by the quarter-hour',
        ]
      : []),
    '- `manifest.json`: what it was made from, the digest of every file, and the command that ' +
      'makes it again',
  ];
}

function cutNote({ wide, ...request }: DatasetRequest): string {
  const part = wide ? 'the machines of a type' : 'a factory';
  const end = extension(request);
  return `  (\`…-0001${end}\` and so on: ${part} in parts of ${FILE_MACHINES_MAX} machines)`;
}

/** The tables by channel. */
function channelNotes(request: DatasetRequest, tables: readonly TableLayout[]): readonly string[] {
  return [
    `A file covers a ${request.partition} in UTC: the readings of intervals that end after its ` +
      'beginning, up to and including its end. They are in the order of time.',
    '',
    '## Fields',
    '',
    'Every table begins with `time`, the end of the interval in UTC, and `machine_id`.',
    ...tables.flatMap(({ name, fields }) => [
      '',
      `### ${name}`,
      '',
      '| field | unit | |',
      '|---|---|---|',
      ...fields.map(
        (field) => `| ${field.name} | ${field.unit} | ${fieldText(request, field as Field)} |`,
      ),
      ...labelNotes(request),
    ]),
  ];
}

/** The tables by machine type. */
function wideNotes(
  request: DatasetRequest,
  split: Split,
  tables: readonly TableLayout[],
): readonly string[] {
  const spans = Object.entries(splitSpans(split, request));
  return [
    'A row of a wide table is a whole reading of a machine, with its labels. The rows are in the',
    'order of time, and `split` cuts the window in that order:',
    '',
    ...spans.map(([name, { from, to }]) => `- \`${name}\`: ${from} < time ≤ ${to}`),
    '',
    ...LABEL_NOTES,
    '',
    '## Fields',
    ...tables.flatMap(({ name, descriptions = {} }) => [
      '',
      `### ${name}`,
      '',
      '| field | unit | |',
      '|---|---|---|',
      ...Object.entries(descriptions).map(
        ([column, { unit, description }]) => `| ${column} | ${unit} | ${description} |`,
      ),
    ]),
  ];
}

/** What the labels of wide tables mean. */
const LABEL_NOTES = [
  'The labels come from the model alone. `anomaly` is true from the beginning of an anomaly to its',
  'end. What it changed may take longer to pass; until then `power_kw` and `expected_power_kw`',
  'differ. At all other times they are equal to the last digit, since both have the same',
  'disturbances and the same error of the meter. If several anomalies act, `anomaly_type` names',
  'all of them, and `severity` and `intensity` are those of the one with the highest intensity.',
  '',
  '`excess_energy_kwh` adds up to that of `anomalies`, if those of a machine do not overlap. The',
  'power of a boiler is electric; its excess energy includes the gas. A main meter has no',
  'anomalies of its own, and expects what it would read if its machines had none.',
];

function fieldText({ resampleMs }: DatasetRequest, field: Field): string {
  const kind = KINDS[field.kind];
  return resampleMs === undefined ? kind : `${kind}; ${aggregationText(field)}`;
}

function resamplingNotes(resampleMs: number): readonly string[] {
  return [
    `Each reading is made of those of its machine in ${resampleMs / 1000} s, each field as its`,
    'table says. The sum of the energy is that of the readings, to the last digit; a label is set',
    'if it was in any of them.',
    '',
  ];
}

/** The columns after the fields. */
function labelNotes(request: DatasetRequest): readonly string[] {
  const { hasLabels, isReceived, truthFolder } = request;
  const isLabelled = hasLabels && truthFolder === undefined;
  const isToldOf = isTold(request);
  return [
    ...(isLabelled
      ? [
          '| anomaly | | 1 while an anomaly acts, else 0 |',
          '| anomaly_type | | its type; of several, joined by + |',
        ]
      : []),
    ...(isLabelled && isToldOf
      ? [
          '| defect | | 1 while an instrument defect acts, else 0 |',
          '| defect_kind | | its kind; of several, separated by ; |',
        ]
      : []),
    ...(isToldOf && (isLabelled || isReceived)
      ? ['| received_at | | when the reading was delivered |']
      : []),
  ];
}

/** What a scenario may do to readings. */
const TOLD_NOTES = [
  '### What is told',
  '',
  'Instruments, their wiring, their clocks and their delivery may be defective. A row may then',
  'tell another value or another `time`, come twice, the repeat after its original, or be missing.',
  'Rows are in the order in which the readings were made.',
  '',
];

/** The answer key of scenarios. */
const STORY_NOTES = [
  '### defects, measures, expected, excess',
  '',
  'Energy in them is true energy: the sum of `energy_kwh` as a sound instrument tells it, of all',
  'carriers, each reading in whole milliwatt-hours.',
  '',
  '`defects`: a row for each machine and occurrence. `parameters` (JSON) has everything that was',
  'drawn; `readings_affected`, `readings_lost` and `readings_repeated` are those of the window,',
  'and `energy_error_kwh` is told less true energy of the affected ones, lost ones counted as 0.',
  '',
  '`measures`: a row for each change of the factory and each boundary: `factory` (all machines but',
  'meters), `machine`, `main_meter`. `true_savings_kwh` is the energy without that change less the',
  'energy as it is, from the begin of the change to its end.',
  '',
  '`expected`, `excess`: `time` is the end of the hour, or of the quarter-hour. `expected_kwh` is',
  'what a machine would take without all measures. Quarter-hours in which an anomaly costs nothing',
  'are left out of `excess`.',
  '',
  'Of `anomalies`, `first_noticeable_at` is the end of the first quarter-hour in which the excess',
  'is above 1 % of what the machine would have taken.',
  '',
];

const FIELD_NOTES = [
  '`energy_kwh` is the energy of the interval that ends at `time`, `power_kw` its mean power;',
  '`power_kw = √3 · voltage_v · current_a · power_factor / 1000`. Counts are of the interval. A',
  'value that does not exist, such as the COP while no chiller stage runs, is null (CSV: empty),',
  'and so is a field that the machine does not have; JSON lines leave the latter out.',
  '',
];

const ANOMALY_NOTES = [
  '### anomalies',
  '',
  '`started_at`, `ended_at`, `severity` 1 to 5, `origin` (random, scenario, injected),',
  '`onset` (step, ramp), `affected_signals` (strongest first, joined by `;`),',
  '`excess_energy_kwh` and `lost_production_units` against the same machine, seed and',
  'disturbances without that anomaly,',
  'counted inside the window until the machine has recovered (`is_final` 1) or the window',
  'ends (0).',
  'An anomaly that ended before the window is listed if it still cost something inside it.',
  '',
];

const MAKING_NOTES = [
  '## How it was made',
  '',
  'Each machine is a model of its physics under one weather, calendar and grid a factory. A fault',
  'changes a parameter of the machine, and the physics does the rest. The same version, factories,',
  'seed, commands and window give the same files, whatever the number of workers.',
  '',
  '## Known limits',
  '',
  '- Models of typical machines, not of a particular one: use it to build and to test, not to size',
  '  a plant or to state savings.',
];

const OVERLAP_NOTES = [
  '- Where anomalies of one machine overlap, each cost is against the machine with the others, so',
  '  the costs need not add up to the difference from the clean twin.',
];

const GZIP_NOTES = [
  '- Files compressed by gzip may differ in their bytes between versions of Node, not in content.',
  '',
];
