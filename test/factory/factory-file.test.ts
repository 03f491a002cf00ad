import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parameter } from '../../src/core/machine.ts';
import { DEFAULT_CALENDAR, DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { FILE_MAX_BYTES } from '../../src/factory/document.ts';
import { factoryContent } from '../../src/factory/factory.ts';
import { parseFactoryFile, readFactoryFile } from '../../src/factory/index.ts';
import { orderedParameters } from '../../src/factory/machine-types.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { configure, factoriesOf, faultsOf, inFolder, plant } from './surroundings.ts';

const EXAMPLE = new URL('../../../examples/two-sites.yaml', import.meta.url);

/** The only error of a file's text. */
function faultOf(text: string): string {
  const faults = faultsOf(() => factoriesOf(text));
  assert.equal(faults.length, 1, `one fault is expected:\n${faults.join('\n')}`);
  return faults[0] as string;
}

test('the example describes two sites with all five machine types, without a remark', () => {
  const text = readFileSync(EXAMPLE, 'utf8');
  const { factories, remarks } = parseFactoryFile(
    text,
    DEFAULT_CALENDAR,
    'two-sites.yaml',
    machineTypes,
  );
  assert.deepEqual(remarks, []);
  assert.deepEqual(
    factories.map(({ timeZone, nominalFrequencyHz }) => [timeZone, nominalFrequencyHz]),
    [
      ['Europe/Berlin', 50],
      ['America/Los_Angeles', 60],
    ],
  );
  const types = new Set(factories.flatMap(({ machines }) => machines.map(({ type }) => type)));
  assert.deepEqual([...types].sort(), ['compressor', 'hvac', 'injection_molding', 'motor', 'pump']);
  assert.equal(createFleet(factories).machines.length, 9);
});

test('everything that a factory may omit has a default', () => {
  const [factory] = factoriesOf(plant());
  assert.deepEqual(factory, {
    id: factory?.id,
    name: 'Plant',
    timeZone: 'UTC',
    latitude: 50,
    longitude: 0,
    nominalVoltageV: 400,
    nominalFrequencyHz: 50,
    climate: DEFAULT_FACTORY.climate,
    calendar: DEFAULT_CALENDAR,
    machines: [
      {
        id: factory?.machines[0]?.id,
        name: 'Air',
        type: 'compressor',
        ratedPowerKw: 55,
        intervalS: 1,
        topic: 'factory/plant/air',
        parameters: {},
        faults: [],
      },
    ],
  });
});

test('a missing position is estimated from the time zone', () => {
  const position = (timezone: string) => {
    const [factory] = factoriesOf(plant('', `timezone: ${timezone}`));
    return [factory?.latitude, factory?.longitude];
  };
  assert.deepEqual(position('America/Los_Angeles'), [50, -120]);
  assert.deepEqual(position('Europe/Berlin'), [50, 15]);
  assert.deepEqual(position('Australia/Sydney'), [-35, 150]);
  assert.deepEqual(position('Asia/Kolkata'), [50, 82.5]);
});

test('missing ids are derived from the names, the same every time', () => {
  const [factory] = factoriesOf(plant());
  const [again] = factoriesOf(plant('rated_power_kw: 20', 'location: Elsewhere'));
  // The version 5 UUID that any library computes from the name and the namespace in names.ts.
  assert.equal(factory?.id, '2af343ad-952e-5d59-b53c-0f99ddee10be');
  assert.equal(again?.id, factory?.id);
  assert.equal(again?.machines[0]?.id, factory?.machines[0]?.id);
  const [other] = factoriesOf(plant().replace('Plant', 'Other'));
  assert.notEqual(other?.machines[0]?.id, factory?.machines[0]?.id);
});

test('missing topics are derived from the names, in any script', () => {
  const topicOf = (name: string) =>
    factoriesOf(plant().replace('Air', JSON.stringify(name)))[0]?.machines[0]?.topic;
  assert.equal(topicOf('Hydraulic-Pump 1'), 'factory/plant/hydraulic-pump-1');
  assert.equal(topicOf('Kühlanlage (Süd)'), 'factory/plant/kuhlanlage-sud');
  assert.equal(topicOf('空压机 2'), 'factory/plant/空压机-2');
  assert.match(
    faultOf(plant().replace('Air', '"#+#"')),
    /machines\.0\.name: "#\+#" cannot be turned into a topic level/,
  );
  assert.match(
    faultOf(plant().replace('Plant', '"--"')),
    /factories\.0\.name: "--" cannot be turned into a topic level/,
  );
});

test('a conveyor runs as a motor', () => {
  const [factory] = factoriesOf(plant().replace('compressor', 'conveyor'));
  assert.equal(factory?.machines[0]?.type, 'motor');
});

test('parameters and faults are read with their units', () => {
  const [factory] = factoriesOf(
    plant(
      'parameters: { cut_in_bar: 6.9, auto_stop_s: 60 }, ' +
        'faults: [{ type: leak, start: 2026-07-01T06:00:00+02:00, duration: 90m, severity: 2 },' +
        '{ type: bearing_fault, start: 2026-08-01 }]',
    ),
  );
  assert.deepEqual(factory?.machines[0]?.parameters, { cutInBar: 6.9, autoStopS: 60 });
  assert.deepEqual(factory?.machines[0]?.faults, [
    { type: 'leak', startS: Date.UTC(2026, 6, 1, 4) / 1000, durationS: 5400, severity: 2 },
    { type: 'bearing_fault', startS: Date.UTC(2026, 7, 1) / 1000, durationS: 300, severity: 1.5 },
  ]);
});

test('JSON is read like YAML', () => {
  const [factory] = factoriesOf(plant('interval: 2'));
  const json = JSON.stringify({
    $schema: 'x.json',
    factories: [factoryContent(factory as never, machineTypes)],
  });
  assert.deepEqual(factoriesOf(json), [factory]);
});

test('a factory survives being written and read', () => {
  const factories = [...factoriesOf(readFileSync(EXAMPLE, 'utf8')), DEFAULT_FACTORY];
  const again = factoriesOf(
    JSON.stringify({ factories: factories.map((each) => factoryContent(each, machineTypes)) }),
  );
  const complete = factories.map((factory) => ({
    ...factory,
    machines: factory.machines.map((machine) => ({ parameters: {}, faults: [], ...machine })),
  }));
  assert.deepEqual(again, complete);
});

/** Keys added to a machine, and the only error. */
const MACHINE_FAULTS: readonly (readonly [keys: string, fault: RegExp])[] = [
  ['interval: 0', /interval: 0 is not accepted; 0\.1 to 3600/],
  ['interval: -1', /interval: -1 is not accepted/],
  ['interval: .nan', /interval: NaN is not accepted/],
  ['interval: .inf', /interval: Infinity is not accepted/],
  ['interval: 1.0005', /interval: 1\.0005 is not accepted; .*multiple of 0\.001/],
  ['interval: "10"', /interval: "10" is not accepted/],
  ['interval:', /interval: an empty value is not accepted/],
  ['topic: factory/a', /topic: "factory\/a" is not accepted; three levels/],
  ['topic: plant/a/b', /topic: "plant\/a\/b" is not accepted; .* the first is factory/],
  ['topic: factory/a/b/c', /topic: .* is not accepted/],
  ['topic: plant/a/b', /topic: .* is not accepted/],
  ['topic: "factory/a/#"', /topic: .* is not accepted/],
  ['topic: factory/+/b', /topic: .* is not accepted/],
  ['topic: "factory/a/b\\0"', /topic: "factory\/a\/b\\u0000" is not accepted/],
  ['topic: "factory/ /b"', /topic: .* is not accepted/],
  ['topic: factory//b', /topic: .* is not accepted/],
  [`topic: factory/a/${'b'.repeat(250)}`, /topic: "factory.*…" is not accepted/],
  ['id: 12', /id: 12 is not accepted; 8-4-4-4-12/],
  ['id: c0000000-0000-0000-0000-00000000000g', /id: .* is not accepted/],
  ['rated_power_kw: 4.9', /rated_power_kw: 4\.9 is not accepted; 5 to 400/],
  ['rated_power_kw: 401', /rated_power_kw: 401 is not accepted; 5 to 400/],
  ['intervall: 3', /intervall: is not known; did you mean interval\?/],
  ['constructor: 3', /constructor: is not known/],
  ['parameters: 3', /parameters: 3 is not accepted; a mapping/],
  ['parameters: { cut_in_bar: 99 }', /parameters\.cut_in_bar: 99 is not accepted; 4 to 12 \(/],
  [
    'parameters: { cut_in_barr: 5 }',
    /parameters\.cut_in_barr: is not known; did you mean cut_in_bar\?/,
  ],
  ['parameters: { rated_power_kw: 5 }', /belongs to the machine itself/],
  ['parameters: { cut_in_bar: 8 }', /cut_in_bar: cut_in_bar 8 is not below cut_out_bar 7\.3/],
  ['faults: [{ start: 2026-01-01 }]', /faults\.0\.type: is missing/],
  ['faults: [{ type: leek, start: 2026-01-01 }]', /type: "leek" .*\(did you mean leak\?\)/],
  ['faults: [{ type: leak, start: 01.02.2026 }]', /faults\.0\.start: "01\.02\.2026" is not/],
  ['faults: [{ type: leak, start: 2026-01-01, severity: 6 }]', /severity: 6 .*; 1 to 5/],
  ['faults: [{ type: leak, start: 2026-01-01, duration: 31d }]', /duration: "31d" .* to 30d/],
];

for (const [keys, fault] of MACHINE_FAULTS) {
  test(`a machine with ${keys.slice(0, 60)} is refused`, () => {
    assert.match(faultOf(plant(keys)), fault);
  });
}

/** Keys added to a factory, and the only error. */
const FACTORY_FAULTS: readonly (readonly [keys: string, fault: RegExp])[] = [
  ['timezone: Europe/Berlim', /timezone: "Europe\/Berlim" .*\(did you mean Europe\/Berlin\?\)/],
  ['timezone: "+02:00"', /timezone: "\+02:00" is not accepted; the name of a time zone/],
  ['latitude: 91', /latitude: 91 is not accepted; -90 to 90/],
  ['frequency: 55', /frequency: 55 is not accepted; 50 or 60/],
  ['voltage: 0', /voltage: 0 is not accepted/],
  ['topic: a/b', /topic: "a\/b" is not accepted; one level/],
  ['climate: { base_temp: 3 }', /climate\.base_temp: is not known; did you mean base_temp_c\?/],
  ['climate: { winter_offset_k: 10 }', /winter_offset_k: 10 is not accepted; -60 to 0/],
  ['shifts: [{ start: 6 }]', /shifts\.0\.end: is missing/],
  ['shifts: [{ start: 6, end: 25 }]', /shifts\.0\.end: 25 is not accepted/],
  ['shifts: [{ start: 6, end: 14, load: 1.5 }]', /shifts\.0\.load: 1\.5 is not accepted; 0 to 1/],
  ['shifts: [{ start: 6, end: 6 }]', /shifts\.0: starts and ends at 06:00/],
  [
    'shifts: [{ start: 6, end: 14 }, { start: 13:59, end: 22 }]',
    /shifts\.1: 13:59-22:00 overlaps the shift 06:00-14:00/,
  ],
  [
    'calendar: { shifts: [{ start: 22, end: 6 }, { start: 5, end: 7 }] }',
    /calendar\.shifts\.1: 05:00-07:00 overlaps the shift 22:00-06:00/,
  ],
  ['calendar: { holidays: [2026-02-29] }', /holidays\.0: "2026-02-29" is not accepted; a date/],
  ['{ shifts: [], calendar: {} }', /shifts: cannot be combined with a calendar/],
];

for (const [keys, fault] of FACTORY_FAULTS) {
  test(`a factory with ${keys.slice(0, 60)} is refused`, () => {
    const lines = keys.startsWith('{') ? 'shifts: []\n    calendar: {}' : keys;
    assert.match(faultOf(plant('', lines)), fault);
  });
}

test('shifts that touch, or run past midnight, do not overlap', () => {
  const keys = 'shifts: [{ start: 6, end: 14 }, { start: 14, end: 22 }, { start: 22, end: 6 }]';
  assert.equal(factoriesOf(plant('', keys))[0]?.calendar.shifts.length, 3);
});

test('names, ids and topics that occur twice are refused at their second place', () => {
  const id = 'c0000000-0000-0000-0000-00000000000A';
  const two = (first: string, second: string) =>
    `factories:
  - name: Plant
    machines:
      - { name: A, type: motor${first} }
      - { name: ${second} }
`;
  assert.match(
    faultOf(two('', 'A, type: motor')),
    /^factories\.0\.machines\.1\.name: "A" is already the name of factories\.0\.machines\.0 \(plant\.yaml:5:17\)/,
  );
  assert.match(
    faultOf(two(`, id: ${id}`, `B, type: motor, id: ${id.toLowerCase()}`)),
    /machines\.1\.id: .* is already the id of factories\.0\.machines\.0/,
  );
  assert.match(
    faultOf(two('', 'B, type: motor, topic: factory/plant/a')),
    /machines\.1\.topic: .* is already the topic of factories\.0\.machines\.0/,
  );
  assert.match(faultOf(two('', '"A ", type: motor')), /machines\.1\.name: .* the topic of/);
});

test('the topics of two factories must differ, the names of their machines need not', () => {
  const factory = (name: string, topic: string) =>
    `  - { name: ${name}, topic: ${topic}, machines: [{ name: A, type: motor }] }\n`;
  const text = (topic: string) => `factories:\n${factory('P', 'p')}${factory('Q', topic)}`;
  assert.equal(factoriesOf(text('q')).length, 2);
  assert.match(faultOf(text('p')), /factories\.1\.machines\.0\.name: "factory\/p\/a" is already/);
  assert.match(
    faultOf(text('q').replace('Q', 'P')),
    /factories\.1\.name: "P" is already the name of factories\.0/,
  );
});

test('all errors in a file are found at once, each with its line and column', () => {
  const text = `factories:
  - name: Plant
    timezone: Mars/Olympus
    machines:
      - name: A
        type: compresor
        intervall: 3
      - type: motor
      - name: B
        type: pump
        parameters:
          set_bar: 1000
`;
  assert.deepEqual(
    faultsOf(() => factoriesOf(text)).map((fault) => fault.replace(/: .*\(/, ' (')),
    [
      'factories.0.timezone (plant.yaml:3:15)',
      'factories.0.machines.0.intervall (plant.yaml:7:9)',
      'factories.0.machines.0.type (plant.yaml:6:15)',
      'factories.0.machines.1.name (plant.yaml:8:9)',
      'factories.0.machines.2.parameters.set_bar (plant.yaml:12:20)',
    ],
  );
});

test('an error in an aliased value is located where it was written', () => {
  const text = `factories:
  - name: P
    machines:
      - { name: A, type: compressor, parameters: &p { cut_in_bar: 99 } }
      - { name: B, type: compressor, parameters: *p }
`;
  const faults = faultsOf(() => factoriesOf(text));
  assert.equal(faults.length, 2);
  assert.match(faults[1] as string, /machines\.1\.parameters\.cut_in_bar.*plant\.yaml:4:67/);
});

test('names may have 255 characters', () => {
  const named = (length: number) => plant('topic: factory/a/b').replace('Air', 'x'.repeat(length));
  assert.equal(factoriesOf(named(255)).length, 1);
  assert.match(faultOf(named(256)), /name: "x+…" is not accepted; text of 1 to 255/);
});

/** Files that are not a factory file at all. */
const DOCUMENTS: readonly (readonly [what: string, text: string, fault: RegExp])[] = [
  ['an empty file', '', /^the file: an empty value is not accepted; a mapping/],
  ['a list', '- a\n', /^the file: a list is not accepted/],
  ['no factories', 'factories: []', /^factories: a list is not accepted; a list of 1 to/],
  ['a mapping without them', '{}', /^factories: is missing/],
  ['a list that does not end', 'factories: [', /^plant\.yaml:1:\d+: /],
  ['a key that occurs twice', 'factories: []\nfactories: []', /^plant\.yaml:2:1: .*unique/],
  ['a second document', `${plant()}---\na: 1`, /^plant\.yaml:5:1: begins a second document/],
  ['a tag', 'factories: !!js/function x', /^plant\.yaml:1:12: Unresolved tag/],
  ['an alias of nothing', 'factories: *nothing', /Unresolved alias/],
  ['a hundred thousand brackets', '['.repeat(100_000), /nested more than 100 levels deep/],
];

for (const [what, text, fault] of DOCUMENTS) {
  test(`a file with ${what} is refused`, () => {
    assert.match(faultOf(text), fault);
  });
}

test('a file with exploding aliases is refused', () => {
  const levels = Array.from({ length: 20 }, (_, i) =>
    i === 0
      ? 'a0: &a0 [x, x, x]'
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
  );
  assert.match(faultOf(`${levels.join('\n')}\nfactories: *a19\n`), /Excessive alias count/);
});

test('a mapping is merged into those that refer to it, and their own keys win', () => {
  const text = `x-press: &press { type: injection_molding, rated_power_kw: 60, interval: 10 }
x-slow: &slow { interval: 60, description: slow }
factories:
  - name: Werk Süd
    machines:
      - { <<: *press, name: Press-1 }
      - { <<: [*slow, *press], name: Press-2, rated_power_kw: 90 }
`;
  const [first, second] = factoriesOf(text)[0]?.machines ?? [];
  assert.deepEqual(
    [first, second].map((each) => [each?.type, each?.ratedPowerKw, each?.intervalS]),
    [
      ['injection_molding', 60, 10],
      ['injection_molding', 90, 60],
    ],
  );
  assert.equal(second?.description, 'slow');
});

test('an error in a merged mapping is located where it was written', () => {
  const merged = plant('<<: *m').replace('factories:', 'x-m: &m { interval: 0 }\nfactories:');
  assert.match(faultOf(merged), /machines\.0\.interval: 0 is not accepted.*plant\.yaml:1:21\)$/);
  assert.match(faultOf(plant('<<: [1]')), /^plant\.yaml:4:44: << accepts a mapping/);
  assert.match(faultOf(plant('"<<": {}')), /machines\.0\.<<: is not known/);
});

test('keys that begin with x- belong to the file’s author, other unknown ones are errors', () => {
  assert.equal(factoriesOf(`x-notes: [anything, { at: all }]\n${plant()}`).length, 1);
  assert.match(faultOf(`y-notes: 1\n${plant()}`), /^y-notes: is not known/);
});

/** Small files that expand to very large values. */
const BOMBS: readonly (readonly [what: string, text: () => string, fault: RegExp])[] = [
  [
    'of a million times a million machines',
    () => plant('count: 1000000', 'count: 1000000'),
    /^factories\.0\.machines: results in 1000000000000 machines; a file may have up to 1000000/,
  ],
  [
    'whose mappings are merged a hundred times at each of twelve levels',
    () =>
      Array.from({ length: 12 }, (_, i) =>
        i === 0 ? 'x-0: &a0 { k: 1 }' : `x-${i}: &a${i} { <<: [${`*a${i - 1},`.repeat(100)}] }`,
      ).join('\n'),
    /Excessive alias count/,
  ],
  [
    'with a list of aliases that is named again',
    () => `x-a: &a [x]\nx-b: &b [${'*a,'.repeat(50_000)}]\nfactories: *b\n`,
    /^factories: a list is not accepted/,
  ],
  ['with an alias of what it stands in', () => 'factories: &f [*f]\n', /Unresolved alias/],
  [
    'of thirty thousand unknown keys',
    () => Array.from({ length: 30_000 }, (_, i) => `key${i}: 1\n`).join(''),
    /^key0: is not known/,
  ],
];

for (const [what, text, fault] of BOMBS) {
  test(`a file ${what} is refused at once`, () => {
    const startUs = process.cpuUsage().user;
    const faults = faultsOf(() => factoriesOf(text()));
    assert.ok(process.cpuUsage().user - startUs < 10_000_000);
    assert.match(faults[0] as string, fault);
    assert.ok(faults.length <= 250);
  });
}

test('a file is UTF-8, or UTF-16 with a byte order mark', () => {
  const read = (bytes: Uint8Array) =>
    inFolder({}, (cwd) => {
      writeFileSync(join(cwd, 'plant.yaml'), bytes);
      const path = join(cwd, 'plant.yaml');
      return readFactoryFile(path, {
        catalogue: machineTypes,
        calendar: DEFAULT_CALENDAR,
        askedBy: '--factory',
        name: 'plant.yaml',
      }).factories;
    });
  const text = `\ufeff${plant().replace('Plant', 'Süd')}`;
  for (const bytes of [Buffer.from(text), Buffer.from(text, 'utf16le')])
    assert.equal(read(bytes)[0]?.name, 'Süd');
});

test('a pipe or a device is refused before it is read', () => {
  const read = (file: string) =>
    faultsOf(() =>
      readFactoryFile(file, {
        catalogue: machineTypes,
        calendar: DEFAULT_CALENDAR,
        askedBy: '--factory',
        name: 'x',
      }),
    ).join();
  const refused = /^--factory: "x" is not a file; a YAML or JSON file up to 50 MB$/;
  assert.match(read('/dev/zero'), refused);
  inFolder({}, (cwd) => {
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    assert.match(read(join(cwd, 'pipe')), refused);
  });
});

test('a path that is no file, no text, or too large is refused with the name of its variable', () => {
  const read = (prepare: (file: string) => void) =>
    inFolder({ 'plant.yaml': 'a: \xff' }, (cwd) => {
      const file = join(cwd, 'plant.yaml');
      prepare(file);
      return faultsOf(() =>
        readFactoryFile(file, {
          catalogue: machineTypes,
          calendar: DEFAULT_CALENDAR,
          askedBy: 'FACTORY_FILE',
          name: 'plant.yaml',
        }),
      );
    }).join();
  assert.match(
    read((file) => truncateSync(file, FILE_MAX_BYTES + 1)),
    /^FACTORY_FILE: "plant\.yaml" has 52428801 bytes; .* up to 50 MB$/,
  );
  assert.match(
    faultsOf(() => configure({ FACTORY_FILE: 'x' })).join(),
    /cannot be read \(ENOENT\)/,
  );
  assert.match(
    inFolder({}, (cwd) => {
      mkdirSync(join(cwd, 'x'));
      return faultsOf(() =>
        readFactoryFile(join(cwd, 'x'), {
          catalogue: machineTypes,
          calendar: DEFAULT_CALENDAR,
          askedBy: '--factory',
          name: 'x',
        }),
      );
    }).join(),
    /^--factory: "x" is a folder/,
  );
});

test('an unusual rated power is accepted with a remark', () => {
  const { factories, remarks } = parseFactoryFile(
    plant('rated_power_kw: 90'),
    DEFAULT_CALENDAR,
    'plant.yaml',
    machineTypes,
  );
  assert.equal(factories[0]?.machines[0]?.ratedPowerKw, 90);
  assert.deepEqual(remarks, [
    'factories.0.machines.0.rated_power_kw: 90 kW is unusual; machines of type compressor usually ' +
      'have 15 to 75 kW (plant.yaml:4:56)',
  ]);
});

test('the defaults of every machine type satisfy the order that files must satisfy', () => {
  const orders = machineTypes.flatMap((type) =>
    orderedParameters(type).map((order) => ({ ...order, type })),
  );
  const declared = orders.map(({ type, low, high }) => `${type.type} ${low} ${high}`);
  for (const known of ['compressor cutInBar cutOutBar', 'pump standbyBar setBar'])
    assert.ok(declared.includes(known), known);
  for (const { type, low, high, mayEqual } of orders) {
    const [below, above] = [type.parameters[low]?.value, type.parameters[high]?.value];
    assert.ok((below as number) < (above as number) || (mayEqual && below === above), low);
  }
});

test('an order of parameters is declared, not derived from their names', () => {
  const parameters = {
    cutInBar: parameter(9, [0, 10], 'Unlike a compressor’s.'),
    cutOutBar: parameter(1, [0, 10], 'Lower, and rightly so.', { upTo: 'topBar' }),
    topBar: parameter(2, [0, 10], 'The highest.'),
  };
  const type = { parameters } as unknown as Parameters<typeof orderedParameters>[0];
  assert.deepEqual(orderedParameters(type), [{ low: 'cutOutBar', high: 'topBar', mayEqual: true }]);
});

test('energy registers are asked for by a factory, by a machine, or by both', () => {
  const flags = (machineKeys: string, factoryKeys: string) => {
    const [factory] = factoriesOf(plant(machineKeys, factoryKeys));
    const { machines } = createFleet(factory ? [factory] : [], { registersFromS: 0 });
    return [
      factory?.energyRegister,
      factory?.machines[0]?.energyRegister,
      machines[0]?.registerFromS !== undefined,
    ];
  };
  assert.deepEqual(flags('', ''), [undefined, undefined, false]);
  assert.deepEqual(flags('energy_register: true', ''), [undefined, true, true]);
  assert.deepEqual(flags('', 'energy_register: true'), [true, undefined, true]);
  assert.deepEqual(flags('energy_register: false', 'energy_register: true'), [true, false, false]);
  assert.match(faultOf(plant('energy_register: 3')), /energy_register: 3 is not accepted/);
  const [factory] = factoriesOf(plant('energy_register: true', 'energy_register: false'));
  assert.ok(factory);
  const { energy_register, machines } = factoryContent(factory, machineTypes);
  assert.deepEqual(
    [energy_register, (machines as { energy_register: boolean }[])[0]?.energy_register],
    [false, true],
  );
});
