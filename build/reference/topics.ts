import { Batch } from '../../src/core/batch.ts';
import type { Channel } from '../../src/core/field.ts';
import { OPERATING_MODES } from '../../src/core/field.ts';
import { Journal } from '../../src/core/journal.ts';
import type { MachineType } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { channelLevels, Messages, STATUS_LEVEL } from '../../src/outputs/mqtt/messages.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { heading, table } from './markdown.ts';

/** A Tuesday morning in March; each machine type has a reading within a minute after it. */
const FROM_MS = Date.UTC(2026, 2, 3, 9);
const MINUTE_MS = 60_000;

/** The page of MQTT topics and payloads. */
export function topicsPage(types: readonly MachineType[]): string {
  return [
    heading('Topics and payloads', 'the machine types and the MQTT output'),
    INTRODUCTION,
    ...types.map(typePart),
    ENERGY_REGISTER,
  ].join('\n');
}

const INTRODUCTION = `\
| topic | retained | when |
|---|---|---|
| \`factory/{factory}/{machine}/{channel}\` | no | every interval of the machine |
| \`factory/{factory}/{machine}/status\` | yes | when mode, running state or alerts change, and every \`STATUS_INTERVAL\` |
| \`ground-truth/{factory}/{machine}\` | yes | when an anomaly or a defect of an instrument starts, changes or ends; only with \`MQTT_GROUND_TRUTH=true\` |
| \`simulator/state\` | yes | \`online\` or \`offline\`; \`offline\` is also the last will |

The names of factory and machine are in lower case, with hyphens for spaces: \`factory/demo/compressor-1/energy\`. A registry may
give a machine another topic.

Each message is one JSON object. \`time\` is in UTC and lies on the grid of the machine's interval; no topic gets the same time
twice. \`energy_kwh\` is the energy of the interval that ends at \`time\`, and \`power_kw\` its mean power; \`power_kw = √3 ·
voltage_v · current_a · power_factor / 1000\`. Good and bad units add up to \`production_count\`. A value that does not exist, such
as the COP while no chiller stage runs, is \`null\`. \`operating_mode\` is one of ${OPERATING_MODES.map((mode) => `\`${mode}\``).join(', ')}.

The messages below are those of the default factory at 09:00 UTC on 3 March 2026, with seed 42.
`;

const ENERGY_REGISTER = `\
## Energy register

With \`ENERGY_REGISTERS=true\`, or \`energy_register: true\` of a machine or a factory in a factory file or in \`metadata\` of a
registry, the message with \`energy_kwh\` has one more field at its end:

| field | unit | value |
|---|---|---|
| \`energy_total_kwh\` | kWh | number, 6 decimals |

It is what the counter of the machine's meter shows: all energy that the machine has taken since the beginning of the store, or
since \`--registers-from\` of \`generate\`; of a boiler, electricity and gas by its calorific value. It is a sum of whole
milliwatt-hours, so the difference of two readings is the sum of \`energy_kwh\` between them, to the last digit. A machine that
stands keeps its value, and one that is added later begins at 0. Beyond 8.5 TWh a double in kWh no longer tells neighbouring
milliwatt-hours apart.

The register follows from the description of the machine, like its readings: if a registry changes its rated power or
parameters, the register is from then on that of a machine that has always been so. A simulator that starts again counts on
from the totals of the last days in its store. Without them it counts from the beginning, which takes some ten seconds for a
year of a machine that reports every second; sinks get their readings afterwards, and none is missing.
`;

function typePart(type: MachineType): string {
  const messages = messagesOf(type);
  const channels = type.channels.map((channel, i) => {
    const level = channelLevels(type)[i] as string;
    return channelPart(level, channel, messages.get(level));
  });
  const status = messages.get(STATUS_LEVEL);
  if (status !== undefined)
    channels.push(`**\`…${STATUS_LEVEL}\`**\n\n\`\`\`json\n${status}\n\`\`\`\n`);
  const interval = `Every ${type.intervalS} s by default.`;
  return `## ${type.type}\n\n${type.title}. ${interval}\n\n${channels.join('\n')}`;
}

function channelPart(level: string, { fields }: Channel, message: string | undefined): string {
  const rows = fields.map(({ name, unit, kind, decimals }) => [
    `\`${name}\``,
    unit === '' ? '–' : unit,
    kind === 'number' ? `number, ${decimals} decimals` : kind === 'count' ? 'whole number' : 'text',
  ]);
  const example = message === undefined ? '' : `\n\`\`\`json\n${message}\n\`\`\`\n`;
  return `**\`…${level}\`**\n\n${table(['field', 'unit', 'value'], rows)}${example}`;
}

/** The first message of each channel of a type, by the last level of its topic. */
function messagesOf(type: MachineType): ReadonlyMap<string, string> {
  const factory = {
    ...DEFAULT_FACTORY,
    machines: [
      DEFAULT_FACTORY.machines.find((machine) => machine.type === type.type) ?? {
        id: '00000000-0000-0000-0000-000000000001',
        name: type.title,
        type: type.type,
        ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
        intervalS: type.intervalS,
        topic: `factory/demo/${type.type}`,
      },
      ...(type.isMainMeter ? DEFAULT_FACTORY.machines : []),
    ],
  };
  const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false });
  const fleet = createFleet([factory], { seed: 42, journal });
  const reader = createReader(fleet, { machines: fleet.machines.slice(0, 1) });
  const batch = new Batch();
  reader.seek(FROM_MS);
  reader.announce();
  reader.read(FROM_MS + MINUTE_MS, batch);
  const found = new Map<string, string>();
  for (const { topic, payload } of new Messages().of(batch)) {
    const level = topic.slice(topic.lastIndexOf('/'));
    if (!found.has(level)) found.set(level, payload.toString());
  }
  return found;
}
