import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { stringify } from 'yaml';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { factoryContent } from '../../src/factory/factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { readFactoryRow } from '../../src/store/registry/rows.ts';
import { factoriesOf, faultsOf, plant } from './surroundings.ts';

const calendarOf = (keys: string) => factoriesOf(plant('', `calendar: { ${keys} }`))[0]?.calendar;
const holidaysOf = (keys: string) =>
  calendarOf(`public_holidays: { ${keys} }`)?.publicHolidays?.dates ?? [];
const ofYear = (dates: readonly string[], year: number) =>
  dates.filter((date) => date.startsWith(`${year}-`)).map((date) => date.slice(5));

test('public holidays are those of the country and its region, as local dates', () => {
  assert.deepEqual(ofYear(holidaysOf('country: DE, region: BE'), 2026), [
    ...['01-01', '03-08', '04-03', '04-06', '05-01', '05-14', '05-25'],
    ...['10-03', '12-25', '12-26'],
  ]);
  const sydney = ofYear(holidaysOf('country: AU, region: NSW'), 2026);
  assert.ok(sydney.includes('01-26') && sydney.includes('06-08') && sydney.includes('12-28'));
  const angeles = ofYear(holidaysOf('country: US, region: CA'), 2026);
  assert.ok(angeles.includes('03-31') && angeles.includes('11-26'));
  const augsburg = ofYear(holidaysOf('country: DE, region: BY-A'), 2026);
  assert.ok(augsburg.includes('08-08'));
  // A feast of four days, which begins at sunset in some calendars.
  assert.deepEqual(
    ofYear(holidaysOf('country: SA'), 2026).filter((date) => date.startsWith('03-')),
    ['03-19', '03-20', '03-21', '03-22'],
  );
});

test('public holidays do not depend on the computer’s time zone', () => {
  const from = new URL('../../src/factory/holidays.js', import.meta.url);
  const script = `import { publicHolidays } from '${from}';
    console.log(JSON.stringify(publicHolidays('AU', 'NSW')));`;
  const answers = ['America/Los_Angeles', 'Pacific/Auckland'].map((TZ) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TZ },
      encoding: 'utf8',
    }),
  );
  assert.ok((answers[0]?.length ?? 0) > 5000);
  assert.equal(answers[0], answers[1]);
});

test('unknown places are refused, with the accepted ones', () => {
  const faults = (keys: string) =>
    faultsOf(() => factoriesOf(plant('', `calendar: { public_holidays: { ${keys} } }`)))[0] ?? '';
  assert.match(faults('country: XX'), /country: "XX" is not accepted; AD, AE, .*DE/);
  assert.match(faults('country: DE, region: XX'), /region: "XX" is not accepted; BB, BE, BW/);
  assert.match(faults('country: DE, region: BY-XX'), /region: "BY-XX" is not accepted; BY-A, BY-/);
  assert.match(faults('region: BE'), /country: is missing/);
});

test('weekdays, closures and extra shifts survive being read and written', () => {
  const keys = [
    'shifts: [{ start: 22, end: 6, load: 0.6, days: [mon, SUN, mon] }, { start: 6, end: 22 }]',
    'public_holidays: { country: DE }',
    'closures: [2026-12-24, { from: 2026-08-03, to: 2026-08-14, load: 0 }]',
    'extra_shifts: [{ date: 2026-10-03, start: 6, end: 12:30 }]',
  ];
  const calendar = calendarOf(keys.join(', '));
  assert.deepEqual(calendar?.shifts, [
    { startMinute: 1320, endMinute: 360, loadShare: 0.6, days: [0, 1] },
    { startMinute: 360, endMinute: 1320, loadShare: 1 },
  ]);
  assert.deepEqual(calendar?.closures, [
    { from: '2026-12-24', to: '2026-12-24', loadShare: 0.1 },
    { from: '2026-08-03', to: '2026-08-14', loadShare: 0 },
  ]);
  assert.deepEqual(calendar?.extraShifts, [
    { date: '2026-10-03', startMinute: 360, endMinute: 750, loadShare: 1 },
  ]);
  const factories = factoriesOf(plant('', `calendar: { ${keys.join(', ')} }`));
  const text = stringify({
    factories: factories.map((each) => factoryContent(each, machineTypes)),
  });
  assert.deepEqual(factoriesOf(text), factories);
});

const FAULTS: readonly (readonly [keys: string, fault: RegExp])[] = [
  ['shifts: [{ start: 6, end: 14, days: [] }]', /shifts\.0\.days: a list is not accepted/],
  ['shifts: [{ start: 6, end: 14, days: [moo] }]', /days\.0: "moo" is not accepted.*mean mon/],
  [
    'shifts: [{ start: 22, end: 6, days: [sun] }, { start: 5, end: 9 }]',
    /shifts\.1: 05:00-09:00 overlaps the shift 22:00-06:00/,
  ],
  ['closures: [{ from: 2026-08-14, to: 2026-08-03 }]', /closures\.0\.to: 2026-08-03 is before/],
  ['closures: [soon]', /closures\.0: "soon" is not accepted/],
  ['extra_shifts: [{ start: 6, end: 14 }]', /extra_shifts\.0\.date: is missing/],
  ['extra_shifts: [{ date: 2026-10-03, start: 6, end: 6 }]', /extra_shifts\.0: starts and ends/],
];

for (const [keys, fault] of FAULTS)
  test(`a calendar with ${keys.slice(0, 60)} is refused`, () => {
    assert.match(faultsOf(() => calendarOf(keys))[0] ?? '', fault);
  });

test('a Saturday shift does not overlap workday shifts at the same hours', () => {
  const keys = 'shifts: [{ start: 6, end: 14 }, { start: 6, end: 14, load: 0.5, days: [sat] }]';
  assert.equal(calendarOf(keys)?.shifts.length, 2);
});

test('a registry’s calendar has the same keys as a factory file’s', () => {
  const row = {
    id: 'a0000000-0000-0000-0000-00000000000a',
    name: 'Berlin',
    location: null,
    timezone: 'Europe/Berlin',
    is_active: true,
    metadata: {
      calendar: {
        shifts: [{ start: 6, end: 18, days: ['mon', 'tue'] }],
        public_holidays: { country: 'DE', region: 'BE' },
        closures: ['2026-12-24'],
        extra_shifts: [{ date: '2026-10-03', start: 6, end: 14 }],
      },
    },
  };
  const { description, faults } = readFactoryRow(row, [], DEFAULT_CALENDAR, machineTypes);
  assert.deepEqual(faults, []);
  assert.deepEqual(description?.calendar.shifts[0]?.days, [1, 2]);
  assert.equal(description?.calendar.closures?.length, 1);
  assert.ok(description?.calendar.publicHolidays?.dates.includes('2026-03-08'));
});
