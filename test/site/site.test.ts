import assert from 'node:assert/strict';
import test from 'node:test';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { FactorySite } from '../../src/site/index.ts';

function site(changes: Partial<FactoryDescription> = {}, seed = 1, journal?: Journal) {
  const description = { ...DEFAULT_FACTORY, ...changes };
  return new FactorySite(description, seed, journal ?? new Journal(DEFAULT_SETTINGS));
}
const at = (text: string) => Date.parse(`${text}Z`) / 1000;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]) => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) * (value - centre))));
};

test('the plain week works at 68 % of full production', () => {
  const { calendar } = site();
  const levels = Array.from({ length: 7 * 24 }, (_, i) =>
    calendar.level(at('2026-03-02T00:30:00') + 3600 * i),
  );
  assert.equal(levels[10], 1);
  assert.equal(levels[23], 0.5);
  assert.equal(levels[5 * 24 + 12], 0.3);
  assert.ok(Math.abs(mean(levels) - 0.681) < 0.001);
});

test('the shift plan of a window has no gaps and includes weekends', () => {
  const { calendar } = site();
  const spans = calendar.spans(at('2026-03-06T12:00:00'), at('2026-03-09T07:00:00'));
  assert.deepEqual(
    spans.map(({ fromS, toS, loadShare }) => [fromS, toS, loadShare]),
    [
      [at('2026-03-06T12:00:00'), at('2026-03-06T14:00:00'), 1],
      [at('2026-03-06T14:00:00'), at('2026-03-06T22:00:00'), 1],
      [at('2026-03-06T22:00:00'), at('2026-03-07T00:00:00'), 0.5],
      [at('2026-03-07T00:00:00'), at('2026-03-09T00:00:00'), 0.3],
      [at('2026-03-09T00:00:00'), at('2026-03-09T06:00:00'), 0.5],
      [at('2026-03-09T06:00:00'), at('2026-03-09T07:00:00'), 1],
    ],
  );
  assert.deepEqual(
    spans.slice(0, 2).map(({ shift }) => shift),
    [1, 2],
  );
  assert.equal(spans[3]?.shift, null);
});

test('a change of shift takes ten minutes, without a jump', () => {
  const { calendar } = site();
  assert.equal(calendar.load(at('2026-03-03T06:00:00')), 0.5);
  assert.equal(calendar.load(at('2026-03-03T06:05:00')), 0.75);
  assert.equal(calendar.load(at('2026-03-03T06:10:00')), 1);
  let before = calendar.load(at('2026-03-06T00:00:00'));
  for (let tS = at('2026-03-06T00:00:00'); tS < at('2026-03-08T00:00:00'); tS += 10) {
    const load = calendar.load(tS);
    assert.ok(Math.abs(load - before) < 0.03, new Date(tS * 1000).toISOString());
    before = load;
  }
});

test('shifts follow local clocks across daylight-saving changes, north and south', () => {
  for (const [timeZone, days] of [
    ['Europe/Berlin', ['2026-03-27', '2026-03-30', '2026-10-23', '2026-10-26']],
    ['Australia/Sydney', ['2026-04-03', '2026-04-06', '2026-10-02', '2026-10-05']],
    ['America/Los_Angeles', ['2026-03-06', '2026-03-09', '2026-10-30', '2026-11-02']],
  ] as const) {
    const { calendar, zone } = site({ timeZone });
    for (const day of days) {
      const sixS = zone.instantS(at(`${day}T06:00:00`));
      assert.equal(calendar.level(sixS - 1), 0.5, `${timeZone} ${day}`);
      assert.equal(calendar.level(sixS), 1, `${timeZone} ${day}`);
      assert.equal(calendar.load(sixS + 600), 1, `${timeZone} ${day}`);
    }
  }
});

test('the days on which clocks change have 23 and 25 hours', () => {
  const berlin = site({ timeZone: 'Europe/Berlin' });
  const hours = (day: string) => {
    const number = at(`${day}T00:00:00`) / 86_400;
    return (berlin.localDayStartS(number + 1) - berlin.localDayStartS(number)) / 3600;
  };
  assert.deepEqual(['2026-03-28', '2026-03-29', '2026-10-25'].map(hours), [24, 23, 25]);
});

test('a holiday counts as a weekend', () => {
  const { calendar } = site({
    calendar: { ...DEFAULT_FACTORY.calendar, holidays: ['2026-05-01'] },
  });
  assert.equal(calendar.level(at('2026-05-01T10:00:00')), 0.3);
  assert.equal(calendar.level(at('2026-04-30T10:00:00')), 1);
});

test('a new weekend factor applies from the second at which it was set', () => {
  const journal = new Journal(DEFAULT_SETTINGS);
  const { calendar } = site({}, 1, journal);
  const saturdayS = at('2026-03-07T12:00:00');
  assert.equal(calendar.load(saturdayS), 0.3);
  const settings = { weekendProductionFactor: 0.8 };
  journal.append({ kind: 'configure', settings, sequence: 1, timeS: saturdayS });
  assert.equal(calendar.level(saturdayS - 1), 0.3);
  assert.equal(calendar.load(saturdayS + 600), 0.8);
});

test('winter days are near 5 °C and summer days near 30 °C, with fronts of a few days', () => {
  const daily = (from: string, days: number, seed: number) => {
    const weather = site({}, seed);
    return Array.from({ length: days }, (_, day) =>
      mean(
        Array.from(
          { length: 24 },
          (_, hour) => weather.at(at(`${from}T00:30:00`) + 86_400 * day + 3600 * hour).outdoorTempC,
        ),
      ),
    );
  };
  const winters = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => daily('2025-12-01', 90, seed));
  const summers = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => daily('2026-06-01', 92, seed));
  assert.ok(Math.abs(mean(winters.flat()) - 5) < 1);
  assert.ok(Math.abs(mean(summers.flat()) - 30) < 1);
  const spread = mean(winters.map(deviation));
  assert.ok(spread > 2 && spread < 5, `${spread}`);
});

test('a day is warmest in the afternoon and coldest before dawn, and drier when it is warm', () => {
  const weather = site();
  const hours = Array.from({ length: 24 }, (_, hour) =>
    mean(
      Array.from(
        { length: 28 },
        (_, day) => weather.at(at('2026-04-01T00:00:00') + 86_400 * day + 3600 * hour).outdoorTempC,
      ),
    ),
  );
  const warmest = hours.indexOf(Math.max(...hours));
  const coldest = hours.indexOf(Math.min(...hours));
  assert.ok(warmest >= 13 && warmest <= 16, `${warmest}`);
  assert.ok(coldest >= 4 && coldest <= 7, `${coldest}`);
  for (let i = 0; i < 4000; i++) {
    const { outdoorHumidityPercent } = weather.at(at('2026-01-01T00:00:00') + 7200 * i);
    assert.ok(outdoorHumidityPercent > 5 && outdoorHumidityPercent <= 99.5);
  }
});

test('the southern hemisphere has summer in January', () => {
  const south = site({ latitude: -34 });
  assert.ok(south.at(at('2026-01-15T12:00:00')).summerShare === 1);
  assert.ok(south.at(at('2026-07-15T12:00:00')).summerShare === 0);
});

test('frequency has the deviation and the outliers of a synchronous area, and is shared', () => {
  const [one, other] = [site(), site({ id: 'another', name: 'Another' })];
  const fromS = at('2026-03-02T00:00:00');
  const deviations: number[] = [];
  for (let tS = fromS; tS < fromS + 7 * 86_400; tS += 10) {
    deviations.push(one.frequencyHz(tS) - 50);
    if (tS % 1000 === 0) assert.equal(one.frequencyHz(tS), other.frequencyHz(tS));
  }
  const sigma = deviation(deviations);
  assert.ok(sigma > 0.015 && sigma < 0.026, `${sigma}`);
  const outside = deviations.filter((value) => Math.abs(value) > 0.05).length / deviations.length;
  assert.ok(outside > 0.0005 && outside < 0.03, `${outside}`);
});

test('voltage stays within EN 50160 and varies by about a percent', () => {
  const bus = site();
  const fromS = at('2026-03-02T00:00:00');
  const shares = Array.from({ length: 60_480 }, (_, i) => bus.voltageV(fromS + 10 * i) / 400);
  assert.ok(shares.every((share) => share > 0.9 && share < 1.1));
  const sigma = deviation(shares);
  assert.ok(sigma > 0.003 && sigma < 0.02, `${sigma}`);
});

test('the answers of a site do not depend on earlier calls', () => {
  const [a, b] = [site(), site()];
  const times = Array.from({ length: 300 }, (_, i) => at('2026-02-01T00:00:00') + 4321.5 * i);
  const forward = times.map((tS) => ({ ...a.at(tS), v: a.voltageV(tS), f: a.frequencyHz(tS) }));
  const backward = times
    .toReversed()
    .map((tS) => ({ ...b.at(tS), v: b.voltageV(tS), f: b.frequencyHz(tS) }));
  assert.deepEqual(backward.toReversed(), forward);
});
