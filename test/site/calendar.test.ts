/** Calendars beyond the plain week: machine-models.md §3.1. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { CalendarDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { Calendar } from '../../src/site/calendar.ts';
import { Zone } from '../../src/site/zone.ts';

const HOUR_S = 3600;
const SATURDAY = 6;

function calendar(changes: Partial<CalendarDescription>, timeZone = 'UTC') {
  const zone = new Zone(timeZone);
  const made = new Calendar(
    { ...DEFAULT_CALENDAR, ...changes },
    zone,
    new Journal(DEFAULT_SETTINGS),
  );
  const at = (text: string) => zone.instantS(Date.parse(`${text}Z`) / 1000);
  return { made, at, name: (text: string) => made.period(at(text)).name };
}

/** A five-day week with an early shift, and a night shift that begins on Monday to Friday. */
const NIGHTS: Partial<CalendarDescription> = {
  shifts: [
    { startMinute: 360, endMinute: 840, loadShare: 1, days: [1, 2, 3, 4, 5] },
    { startMinute: 1320, endMinute: 360, loadShare: 0.6, days: [1, 2, 3, 4, 5] },
    { startMinute: 420, endMinute: 720, loadShare: 0.8, days: [SATURDAY] },
  ],
  restShare: 0.2,
};

test('a shift of given weekdays continues past midnight into a day without shifts', () => {
  const { made, at, name } = calendar(NIGHTS);
  assert.equal(name('2026-03-06T23:00:00'), '22:00-06:00');
  assert.equal(name('2026-03-07T05:59:00'), '22:00-06:00');
  assert.equal(made.level(at('2026-03-07T05:59:00')), 0.6);
  assert.equal(name('2026-03-07T06:00:00'), 'weekend');
  assert.equal(made.level(at('2026-03-07T08:00:00')), 0.8);
  assert.equal(name('2026-03-08T23:00:00'), 'weekend');
  assert.equal(name('2026-03-09T05:00:00'), 'rest');
  assert.equal(name('2026-03-10T05:00:00'), '22:00-06:00');
});

test('a shift does not start on a holiday, but one that started before it continues', () => {
  const { name } = calendar({ ...NIGHTS, holidays: ['2026-05-01'] });
  assert.equal(name('2026-05-01T05:00:00'), '22:00-06:00');
  assert.equal(name('2026-05-01T08:00:00'), 'holiday');
  assert.equal(name('2026-05-02T02:00:00'), 'weekend');
});

test('a closure lasts from its first to its last date, at its own level', () => {
  const closures = [{ from: '2026-12-24', to: '2027-01-02', loadShare: 0.05 }];
  const { made, at, name } = calendar({ closures });
  assert.equal(name('2026-12-23T23:59:00'), 'rest');
  assert.equal(name('2026-12-24T00:00:00'), 'closure');
  assert.equal(made.level(at('2026-12-30T10:00:00')), 0.05);
  assert.equal(name('2027-01-02T23:59:00'), 'closure');
  assert.equal(name('2027-01-03T00:00:00'), 'weekend');
});

test('an extra shift runs on a weekend, on a holiday and during a closure', () => {
  const extra = { startMinute: 1200, endMinute: 120, loadShare: 0.9 };
  const { made, at, name } = calendar({
    holidays: ['2026-05-01'],
    closures: [{ from: '2026-08-03', to: '2026-08-14', loadShare: 0.1 }],
    extraShifts: ['2026-05-01', '2026-08-05', '2026-10-03'].map((date) => ({ date, ...extra })),
  });
  for (const date of ['2026-05-01', '2026-08-05', '2026-10-03']) {
    assert.notEqual(name(`${date}T19:59:00`), 'extra');
    assert.equal(made.load(at(`${date}T22:00:00`)), 0.9);
  }
  assert.equal(name('2026-10-04T01:59:00'), 'extra');
  assert.equal(name('2026-10-04T02:00:00'), 'weekend');
});

const CLOCK_CHANGES = [
  ['Europe/Berlin', '2026-03-29', 23],
  ['Europe/Berlin', '2026-10-25', 25],
  ['Australia/Sydney', '2026-10-04', 23],
  ['Australia/Sydney', '2026-04-05', 25],
  ['America/Los_Angeles', '2026-03-08', 23],
  ['America/Los_Angeles', '2026-11-01', 25],
] as const;

for (const [timeZone, date, hours] of CLOCK_CHANGES)
  test(`${timeZone} ${date}: a day of ${hours} hours, of which the night shift has the difference`, () => {
    const everyDay = [0, 1, 2, 3, 4, 5, 6];
    const shifts = [
      { startMinute: 360, endMinute: 840, loadShare: 1, days: everyDay },
      { startMinute: 840, endMinute: 1320, loadShare: 0.9, days: everyDay },
      { startMinute: 1320, endMinute: 360, loadShare: 0.5, days: everyDay },
    ];
    const { made, at } = calendar({ shifts }, timeZone);
    const fromS = at(`${date}T00:00:00`);
    const toS = at(
      `${new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)}T00:00:00`,
    );
    assert.equal((toS - fromS) / HOUR_S, hours);
    assert.deepEqual(Object.fromEntries(made.hours(fromS, toS)), {
      '06:00-14:00': 8,
      '14:00-22:00': 8,
      '22:00-06:00': hours - 16,
    });
    let fullS = 0;
    for (let tS = fromS; tS < toS; tS += 60) if (made.level(tS) === 1) fullS += 60;
    assert.equal(fullS, 8 * HOUR_S);
  });

test('the hours of a plan match its levels, minute by minute, in any window', () => {
  const { made, at } = calendar(
    { ...NIGHTS, holidays: ['2026-04-03', '2026-04-06'] },
    'Australia/Sydney',
  );
  const [fromS, toS] = [at('2026-03-30T03:17:00'), at('2026-04-13T11:05:00')];
  const counted = new Map<string, number>();
  for (let tS = fromS; tS < toS; tS += 60) {
    const { name } = made.period(tS);
    counted.set(name, (counted.get(name) ?? 0) + 1 / 60);
  }
  const hours = made.hours(fromS, toS);
  assert.deepEqual([...hours.keys()].sort(), [...counted.keys()].sort());
  for (const [name, count] of counted) assert.ok(Math.abs((hours.get(name) ?? 0) - count) < 1e-6);
});

test('a setting that changes in the midst of a transition leaves its past as it was', () => {
  const journal = new Journal(DEFAULT_SETTINGS);
  const made = new Calendar(DEFAULT_CALENDAR, new Zone('UTC'), journal);
  const saturdayS = Date.UTC(2026, 2, 7) / 1000;
  const past = () => [1, 60, 119, 120].map((afterS) => made.load(saturdayS + afterS));
  const before = past();
  for (const [sequence, afterS] of [120, 240].entries())
    journal.append({
      kind: 'configure',
      settings: { weekendProductionFactor: 0.9 - 0.8 * sequence },
      sequence: sequence + 1,
      timeS: saturdayS + afterS,
    });
  assert.deepEqual(past(), before);
  const load = (afterS: number) => made.load(saturdayS + afterS);
  for (const afterS of [120, 240]) assert.ok(Math.abs(load(afterS) - load(afterS - 1)) < 0.01);
  assert.equal(load(840), 0.9 - 0.8);
});
