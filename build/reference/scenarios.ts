import type { Defect } from '../../src/core/defect.ts';
import { wireName } from '../../src/core/field.ts';
import { defects } from '../../src/defects/index.ts';
import type { Key, Keys } from '../../src/schema/composite-type.ts';
import {
  CHANGE_KEYS,
  EVENT_KEYS,
  FAULT_KEYS,
  STOP_KEYS,
  STORY_KEYS,
} from '../../src/stories/keys.ts';
import { heading, table } from './markdown.ts';

/** What each kind of defect makes of a reading, for people. */
const EFFECTS: Readonly<Record<string, string>> = {
  stuck: 'the value of the last reading before it began',
  drift: 'x + `rate_per_day` · days since it began',
  offset: 'x + g · `by`',
  scale: 'x · (1 + g · (`by` − 1)), or x in another unit',
  spikes: 'x · `by` in the readings drawn',
  noise: 'x + g · `by` · n, with n of mean 0 and variance 1',
  sentinel: '`value` in the readings drawn',
  missing: 'null in the readings drawn',
  saturated: 'the lower of x and `value`',
  coarse: 'the multiple of `by` next to x',
  ct_reversed: 'the gain of these phases changes its sign',
  ct_ratio: 'the gain of these phases is multiplied by `by`',
  phase_lost: 'the gain of these phases is 0',
  ct_swapped: 'channels measure the current of other phases',
  rollover: 'the register modulo `modulus`',
  reset: 'the register counts from 0 again, for good',
  exchange: 'the register counts from `value` on, for good',
  clock_offset: 't + `by`',
  clock_drift: 't + `by` · 10⁻⁶ · age, in whole seconds',
  local_time: 'what clocks of the zone show, told as UTC',
  gap: 'never delivered',
  outage: 'delivered at the end of the outage, oldest first',
  late: 'delivered `delay` later',
  duplicate: 'delivered, and once more `delay` later',
  disorder: 'of two readings, the first is delivered right after the second',
};

/** The page about scenario files. */
export function scenariosPage(): string {
  const classes = [...new Set(defects.map((defect) => defect.class))];
  const missing = defects.filter(({ kind }) => EFFECTS[kind] === undefined);
  if (missing.length > 0) throw new Error(`no effect of ${missing.map(({ kind }) => kind).join()}`);
  return [
    heading('Scenario files', 'the tables that check them'),
    INTRODUCTION,
    '## The file\n',
    keysTable(STORY_KEYS),
    TIMES,
    '## Events\n\nAn event has one of `fault`, `defect`, `change` and `stop`, and:\n',
    keysTable(EVENT_KEYS, ['fault', 'defect', 'change', 'stop']),
    REPETITION,
    FAULTS,
    keysTable(FAULT_KEYS),
    GROWTH,
    CHANGES,
    keysTable(CHANGE_KEYS),
    CHANGES_MORE,
    STOPS,
    keysTable(STOP_KEYS),
    DEFECTS,
    ...classes.flatMap((name) => [
      `### ${TITLES[name]}\n`,
      table(
        ['kind', 'what is wrong', 'keys (default)', 'told'],
        defects
          .filter((defect) => defect.class === name)
          .map((defect) => [
            `\`${defect.kind}\``,
            defect.about,
            ownKeys(defect),
            EFFECTS[defect.kind] as string,
          ]),
      ),
      NOTES[name],
    ]),
    LIMITS,
  ].join('\n');
}

const TITLES: Readonly<Record<Defect['class'], string>> = {
  value: 'Single values',
  wiring: 'Wiring of current transformers',
  register: 'Energy registers',
  time: 'Clocks',
  delivery: 'Delivery',
};

function keysTable(keys: Keys, without: readonly string[] = []): string {
  const rows = Object.entries(keys)
    .filter(([property]) => !without.includes(property))
    .map(([property, key]: [string, Key<unknown>]) => [
      `\`${key.name ?? wireName(property)}\`${key.isRequired ? ' (required)' : ''}`,
      key.about,
    ]);
  return table(['key', ''], rows);
}

function ownKeys({ keys, isGrowing }: Defect): string {
  const own = Object.entries(keys).map(([name, { default: value }]) =>
    value === undefined ? `\`${name}\`` : `\`${name}\` (${[value].flat().join(' ')})`,
  );
  return [...own, ...(isGrowing ? ['`ramp`', '`curve`', '`fade`'] : [])].join(', ') || '–';
}

const INTRODUCTION = `\
A scenario says what happens in a factory over days and months: faults that grow, changes from a date on, machines that are switched
off, and instruments that tell something else than the truth. It is a YAML or JSON file of up to 1 MiB:

\`\`\`yaml
name: leak-and-retrofit
factory: Berlin Components
start: 2026-02-02
periods:
  baseline: { from: 2025-11-03, to: 2026-02-02 }
  reporting: { from: 60d, to: 120d }
events:
  - { id: growing-leak, at: 2d, ramp: 21d, duration: 25d, fault: { machine: Compressor-1, type: leak, severity: 3 } }
  - { id: vsd-retrofit, at: 45d, change: { as: measure, machine: Compressor-2, parameters: { control: vsd } } }
  - { id: wrong-ct, at: 10d, duration: 9d, defect: { machines: Press-1, kind: ct_reversed, phases: [L2] } }
  - { id: gateway, at: 0, every: 7d, jitter: 2d, duration: { between: [10m, 6h], scale: log }, defect: { machines: '*', kind: outage } }
\`\`\`

Everything follows from the factory, the seed and this file: the same window gives the same bytes, live or read later, however it is
cut. \`enms-simulator scenario FILE\` checks the file and prints what happens when; \`enms-simulator schema scenario\` prints a JSON Schema
for editors. [Thirteen scenarios](gallery.md) come with the simulator.

Two words are used throughout. A **fault** is something wrong with a machine: its physics changes. A **defect** is something wrong with
an instrument, its wiring, its register, its clock or its delivery: the machine knows nothing of it. The *true* reading is what a sound
instrument tells; the *told* reading is what defects make of it.
`;

const TIMES = `
## Times

- An instant is \`2026-03-16\`, \`2026-03-16T08:00\` or \`2026-03-16T08:00:30\`. It is local time of the factory unless \`Z\` or an offset
  like \`+02:00\` follows.
- A duration is a number followed by \`s\`, \`m\`, \`h\`, \`d\` or \`w\`; a number alone is seconds. In \`at\`, \`until\` and \`periods\` it counts
  from \`start\`, in \`every\` from \`at\`.
- In \`at\`, \`until\`, \`every\` and \`periods\` whole days and weeks are local: \`2d\` after a local midnight is a local midnight, on days of 23,
  24 and 25 hours. What is left below a day is real time. In \`duration\`, \`ramp\`, \`fade\`, \`jitter\` and \`delay\` a day is 24 hours.
- A local time that occurs twice is the first of the two. One that clocks skip is an error; where it follows from a relative time it moves
  forward by the gap.
- An event acts on readings later than its begin, up to and including its end. A reading is of the interval that *ends* at its time, so an
  event at 10:00:00 is first seen in the reading of 10:00:01 of a machine that reports each second.

## Draws

\`{ between: [a, b] }\` is a number or a duration between two, evenly or, with \`scale: log\`, evenly on a logarithmic scale. \`{ one_of: […] }\`
is one of a list. You can draw \`at\`, \`duration\`, the machine and the severity of a fault, and the numbers of a defect.

A draw depends on the seed, the names of the scenario and the event, the number of the occurrence and what is drawn, and on nothing else.
So adding, removing or moving another event changes no draw. An event that draws or repeats needs an \`id\` for this.
`;

const REPETITION = `
Occurrence *k* begins at \`at\` + *k* · \`every\`. Those that \`chance\` or \`days\` leave out are counted all the same. An event without an end
lasts for good.
`;

const FAULTS = `
## Faults
`;

const GROWTH = `
With \`ramp\` a fault grows to its full intensity, along a \`linear\`, \`smooth\` or \`exponential\` curve or in ten \`steps\`; with \`fade\` it fades
before its end. Without them it begins and ends as one that is injected. Several faults of a machine act together.
`;

const CHANGES = `
## Changes

From its begin to its end the factory is another one.
`;

const CHANGES_MORE = `
Several keys in one change are one measure. Of several changes of one thing, that with the later begin holds; when it ends, what lies
below holds again. A warm motor stays warm through a change of parameters; a machine that is added or replaced begins as one that was
just switched on. A change keeps the noise of every machine: where it does nothing, nothing differs.
`;

const STOPS = `
## Stops

\`stop\` switches machines off and on again: a retained \`offline\`, then no readings.
`;

const DEFECTS = `
## Defects

\`defect: { machines, kind, … }\`, with \`fields\` for single values and, if you like, \`channels\` for delivery. \`machines\` is a name, a list,
or \`'*'\`: all of the factory. A defect never reaches statuses, alerts, costs, another machine, or the main meter, which adds up the true
readings.

Several act in this order: wiring, register, single values (by begin, then by their place in the file), rounding to the decimals of the
field and to what its column holds, clock, delivery. Below, x is the value before, and g is how far the defect has grown: 1 without
\`ramp\` and \`fade\`.
`;

const NOTES: Readonly<Record<Defect['class'], string>> = {
  value: `
Fields are taken one by one: \`energy_kwh\` in Wh beside a right \`power_kw\` is the point. A field without a value stays null, except for
\`stuck\` and \`sentinel\`. \`production_count\` takes good and bad units along. \`missing\` never hits \`power_kw\`, \`energy_kwh\` and counts,
which are never null. Units of \`scale\`: \`Wh MWh kJ MJ\` for kWh, \`W MW\` for kW, \`kPa MPa psi\` for bar, \`F K\` for °C, \`l_min m3_min cfm\` for
m³/h, \`mA\` for A, \`kV\` for V, \`in_s\` for mm/s.
`,
  wiring: `
The load is balanced. With the gains gᵢ of the three channels, the phases σ(i) that they measure, and φ of the true reading:

    q = ⅓ Σ gᵢ cos(φ + 120° · ((σ(i) − i) mod 3))      w = ⅓ Σ |gᵢ|
    power ← power · q / cos φ      current ← current · w      power factor ← q / w

One reversed transformer tells a third of the power, two minus a third; two exchanged ones nothing; a lost phase two thirds.
P = √3 · U · I · pf and E = P · t hold for what is told.
`,
  register: `
For machines with an [energy register](../guides/datasets.md) only. \`reset\` and \`exchange\` happen at an instant.
`,
  time: '\nSeveral add up. Told times may lie off the grid of the machine, and may come twice.\n',
  delivery: `
\`gap\` wins over the others; of several delays the latest holds. No message is later than seven days. In files and in answers of the API
rows stay in the order of their true time, a repeat follows its original, and lost rows are missing; over MQTT and into databases
messages go in the order of their delivery.
`,
};

const LIMITS = `
## Limits

Up to 10,000 events, of which no more than 1,000 occurrences act at once; a fault or a stop lasts up to ten years. There are no
conditions, and no events that wait for others or for a reading. A key that is not listed here is an error, and every error is reported
at once, with its line and column.
`;
