/** What a scenario file is told about its mistakes: a sentence each, with line and column. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { BERLIN, faultsOf, storiesOf } from './read.ts';

/** Each mistake is one line of events; the sentence that it gets, without its line. */
const MISTAKES: readonly (readonly [line: string, sentence: RegExp])[] = [
  [
    '{ at: 0, fualt: { machine: Conveyor-A, type: overload } }',
    /fualt: is not known; did you mean fault\?/,
  ],
  [
    '{ at: 0, fault: { machine: Conveyor-B, type: overload } }',
    /"Conveyor-B" is not a machine of .*; did you mean Conveyor-A\?/,
  ],
  [
    '{ at: 0, fault: { machine: Conveyor-A, type: leak } }',
    /fault\.type: "leak" is not accepted; a fault of Conveyor-A: bearing_wear, belt_slip or overload/,
  ],
  [
    '{ at: 0, fault: { machine: Conveyor-A, type: overload, severity: 9 } }',
    /severity: 9 is not accepted; 1 to 5/,
  ],
  [
    '{ at: 0, fault: { machine: Main-Meter, type: overload } }',
    /Main-Meter is a main meter, which has no faults/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: stuk, fields: power_kw } }',
    /"stuk" is not a defect; did you mean stuck\?/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: stuck, fields: powr_kw } }',
    /"powr_kw" is not a field of these machines; did you mean power_kw\?/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: gap, channels: enrgy } }',
    /"enrgy" is not a channel of these machines; did you mean energy\?/,
  ],
  ['{ at: 0 }', /has none of fault, defect, change, stop; it needs one/],
  [
    '{ at: 0, stop: { machines: Conveyor-A }, fault: { machine: Conveyor-A, type: overload } }',
    /stop: does not go with fault; an event has one/,
  ],
  [
    '{ at: 0, until: 2d, duration: 1d, stop: { machines: Conveyor-A } }',
    /until: does not go with duration/,
  ],
  [
    '{ id: u, at: 0, until: 2d, every: 1w, stop: { machines: Conveyor-A } }',
    /until: does not go with every/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: drift, fields: machine_temp_c, rate_per_day: 1, phases: [L1] } }',
    /phases: is not known; accepted are machines, kind, fields, rate_per_day/,
  ],
  [
    '{ at: 0, ramp: 1h, defect: { machines: Conveyor-A, kind: stuck, fields: power_kw } }',
    /ramp: is not accepted for "stuck"; it goes with fault, offset, scale and noise/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: scale, fields: power_kw } }',
    /defect\.by: is missing; scale takes by or unit/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: scale, fields: power_kw, by: 2, unit: W } }',
    /unit: does not go with by/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: scale, fields: power_kw, unit: psi } }',
    /cannot tell power_kw in psi: it is in kW, and psi replaces bar/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: missing, fields: power_kw } }',
    /missing does not act on power_kw, which is never null/,
  ],
  [
    '{ id: n, at: 0, defect: { machines: Conveyor-A, kind: noise, fields: production_count, by: 1 } }',
    /noise does not act on counts such as production_count/,
  ],
  [
    '{ id: c, at: 0, every: 1d, duration: 1h, chance: 1.2, stop: { machines: Conveyor-A } }',
    /chance: 1\.2 is not accepted; 0 to 1/,
  ],
  [
    '{ id: b, at: 0, duration: { between: [5h, 1h] }, stop: { machines: Conveyor-A } }',
    /between: 5h is above 1h; the lower one comes first/,
  ],
  [
    '{ id: l, at: 0, duration: { between: [0, 1h], scale: log }, stop: { machines: Conveyor-A } }',
    /between\.0: 0 is not accepted; seconds or a duration/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: gap, share: -1 } }',
    /share: -1 is not accepted; 0 to 1/,
  ],
  [
    '{ id: j, at: 0, every: 1d, jitter: 12h, duration: 1h, stop: { machines: Conveyor-A } }',
    /jitter: is not below half of every, which is 86400 s/,
  ],
  [
    '{ at: 0, times: 3, stop: { machines: Conveyor-A } }',
    /times: goes with every, which is missing/,
  ],
  [
    '{ at: 0, ramp: 4m, fade: 2m, fault: { machine: Conveyor-A, type: overload } }',
    /ramp: with fade takes 360 s, longer than the event: 300 s/,
  ],
  [
    '{ at: 2026-03-29T02:30, stop: { machines: Conveyor-A } }',
    /at: does not exist in Europe\/Berlin: clocks skip it/,
  ],
  ['{ at: 2d, until: 1d, stop: { machines: Conveyor-A } }', /until: is not after at/],
  [
    '{ at: 2026-02-30, stop: { machines: Conveyor-A } }',
    /at: "2026-02-30" is not accepted; an instant like/,
  ],
  [
    '{ id: same, at: 0, stop: { machines: Conveyor-A } }',
    /id: same is the id of another event, too: story\.yaml:\d+:\d+/,
  ],
  [
    '{ at: 0, every: 1d, duration: 1h, stop: { machines: Conveyor-A } }',
    /draws or repeats, so it needs an id/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: reset } }',
    /Conveyor-A has no energy register; set energy_register: true/,
  ],
  [
    '{ at: 0, duration: 1h, defect: { machines: Conveyor-A, kind: exchange } }',
    /duration: is not accepted: this defect happens at an instant/,
  ],
  [
    '{ at: 0, defect: { machines: Conveyor-A, kind: outage } }',
    /needs an end: duration or until, at most 7 days/,
  ],
  [
    '{ at: 0, duration: 8d, defect: { machines: Conveyor-A, kind: outage } }',
    /duration: is longer than 7 days/,
  ],
  [
    '{ at: 0, change: { as: measure, machine: Hydraulic-Pump-1, type: boiler } }',
    /type: a pump cannot become a boiler/,
  ],
  [
    '{ at: 0, change: { as: saving, machine: Conveyor-A, rated_power_kw: 11 } }',
    /as: "saving" is not accepted; measure, non_routine or routine/,
  ],
  [
    '{ at: 0, change: { as: measure, machine: Conveyor-A, parameters: { demand_shar: 1 } } }',
    /demand_shar: is not known; did you mean demand_share\?/,
  ],
  [
    '{ at: 0, change: { as: measure, machine: Compressor-1, parameters: { cut_in_bar: 7.9 } } }',
    /cut_in_bar 7\.9 is not below cut_out_bar 7\.3/,
  ],
  ['{ at: 0, change: { as: measure } }', /changes nothing; give machine, add, remove/],
  [
    '{ at: 0, change: { as: measure, parameters: { demand_share: 1 } } }',
    /parameters: goes with machine, which is missing/,
  ],
  [
    '{ at: 10d, fault: { machine: HVAC-Main, type: dirty_coils } }',
    /HVAC-Main is not there at 2026-03-11T23:00:00Z; it is until 2026-03-06T23:00:00Z/,
  ],
  [
    '{ id: deep, at: 0, every: 1h, stop: { machines: Conveyor-A } }',
    /every: lets more than 1000 occurrences act at once/,
  ],
  [
    '{ at: 0, duration: 1h, curve: smooth, fault: { machine: Conveyor-A, type: overload } }',
    /curve: goes with ramp, which is missing/,
  ],
];

test('each mistake gets its sentence, with line and column, and nothing is read', () => {
  const head = [
    'name: mistakes',
    'start: 2026-03-02',
    'events:',
    '  - { id: same, at: 0, stop: { machines: Conveyor-A } }',
    '  - { id: gone, at: 5d, change: { as: routine, remove: [HVAC-Main] } }',
  ];
  const text = [...head, ...MISTAKES.map(([line]) => `  - ${line}`)].join('\n');
  const faults = faultsOf(text);
  assert.ok(MISTAKES.length >= 40);
  for (const [i, [line, sentence]] of MISTAKES.entries()) {
    const own = faults.filter((fault) => fault.includes(`(story.yaml:${head.length + 1 + i}:`));
    assert.ok(
      own.some((fault) => sentence.test(fault)),
      `${line}\n${own.join('\n') || 'nothing'}`,
    );
    assert.ok(own.length <= 2, own.join('\n'));
    for (const fault of own) assert.match(fault, /^[a-z0-9._]+: .+ \(story\.yaml:\d+:\d+\)$/);
  }
});

test('the top of a file is checked as well', () => {
  const event = 'events: [{ at: 2026-03-02, stop: { machines: Conveyor-A } }]';
  const check = (text: string, ...sentences: readonly RegExp[]) => {
    const faults = faultsOf(text);
    for (const sentence of sentences)
      assert.ok(
        faults.some((fault) => sentence.test(fault)),
        `${text}\n${faults.join('\n')}`,
      );
  };
  check(
    `name: Big Leak\n${event}`,
    /name: "Big Leak" is not accepted; a name of lower-case letters/,
  );
  check(`${event}`, /name: is missing/);
  check('name: x', /events: is missing/);
  check('name: x\nevents: []', /events: a list is not accepted; a list of 1 to 10000/);
  check(`name: x\nsed: 1\n${event}`, /sed: is not known; did you mean seed\?/);
  check(`name: x\nfactory: Nowhere\n${event}`, /factory: "Nowhere" is not a factory/);
  check(
    'name: x\nevents: [{ at: 2d, stop: { machines: Conveyor-A } }]',
    /at: is relative, and the scenario has no start/,
  );
  check(
    `name: x\nperiods: { bseline: { from: 2026-01-01, to: 2026-02-01 } }\n${event}`,
    /did you mean baseline\?/,
  );
  check(
    `name: x\nperiods: { test: { from: 2026-02-01, to: 2026-01-01 } }\n${event}`,
    /to: is not after from/,
  );
  check('- a\n- b', /a list is not accepted/);
  check('', /./);
  check('name: [', /./);
  check(`name: x\n# ${'x'.repeat(1024 * 1024)}\n${event}`, /is larger than 1 MiB/);
});

test('two scenarios of one name are a mistake at both places', () => {
  const text = 'name: twice\nevents: [{ at: 2026-03-02, stop: { machines: Conveyor-A } }]';
  assert.deepEqual(faultsOf([text, text]), [
    'name: is the name of another scenario, too: story.yaml:1:7 (story-2.yaml:1:7)',
  ]);
});

test('a scenario of several factories names one', () => {
  const factories = [
    BERLIN,
    { ...DEFAULT_FACTORY, id: BERLIN.id.replaceAll('1', '2'), name: 'Other' },
  ];
  const text = 'name: x\nevents: [{ at: 2026-03-02, stop: { machines: Conveyor-A } }]';
  assert.match(
    faultsOf(text, { factories })[0] ?? '',
    /^factory: is missing; one of Demo Manufacturing Plant, Other/,
  );
  const [story] = storiesOf([`factory: Other\n${text}`], { factories });
  assert.equal(story?.factoryId, factories[1]?.id);
});

test('a machine that a change adds is known to other events, and only while it is there', () => {
  const added =
    '{ at: 10d, change: { as: routine, add: [{ name: Press-2, type: injection_molding }] } }';
  const broken = (at: string) => `{ at: ${at}, fault: { machine: Press-2, type: heater_fault } }`;
  const text = (at: string) =>
    `name: x\nstart: 2026-03-02\nevents:\n  - ${broken(at)}\n  - ${added}\n`;
  assert.deepEqual(faultsOf(text('12d')), []);
  assert.match(
    faultsOf(text('9d'))[0] ?? '',
    /Press-2 is not there at .*; it is from 2026-03-11T23:00:00Z/,
  );
});
