/** When events happen: local days, draws, repetitions. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Story } from '../../src/core/story.ts';
import { instantText } from '../../src/schema/times.ts';
import { storiesOf, storyOf } from './read.ts';

const stop = (keys: string, id = 'a') =>
  `  - { id: ${id}, ${keys}, stop: { machines: Conveyor-A } }`;

/** Begin and end of the occurrences of the first event within a window. */
function times(story: Story, from = '2026-01-01', to = '2027-01-01', event = 0): readonly string[] {
  return (story.events[event]?.between(Date.parse(from) / 1000, Date.parse(to) / 1000) ?? []).map(
    ({ beginS, endS }) =>
      `${instantText(1000 * beginS)}/${Number.isFinite(endS) ? instantText(1000 * endS) : ''}`,
  );
}

test('an instant is local time, unless it has a zone', () => {
  const at = (text: string) => times(storyOf(stop(`at: ${text}, duration: 1h`)))[0]?.slice(0, 20);
  assert.equal(at('2026-07-01'), '2026-06-30T22:00:00Z');
  assert.equal(at('2026-07-01T08:00:30'), '2026-07-01T06:00:30Z');
  assert.equal(at('2026-07-01T08:00Z'), '2026-07-01T08:00:00Z');
  assert.equal(at('2026-07-01T08:00-03:30'), '2026-07-01T11:30:00Z');
});

test('whole days after the start are local, the rest is real time', () => {
  const at = (text: string) => times(storyOf(stop(`at: ${text}, duration: 1`)))[0]?.slice(0, 20);
  // Clocks change on 29 March, 27 days after the start.
  assert.equal(at('0'), '2026-03-01T23:00:00Z');
  assert.equal(at('26d'), '2026-03-27T23:00:00Z');
  assert.equal(at('28d'), '2026-03-29T22:00:00Z');
  assert.equal(at('27.125d'), '2026-03-29T02:00:00Z');
  assert.equal(at('4w'), '2026-03-29T22:00:00Z');
  assert.equal(at('90m'), '2026-03-02T00:30:00Z');
});

test('a local time that occurs twice is the first; one that is skipped follows the gap', () => {
  const at = (text: string, head?: string) =>
    times(storyOf(stop(`at: ${text}, duration: 1`), head))[0]?.slice(0, 20);
  assert.equal(at('2026-10-25T02:30'), '2026-10-25T00:30:00Z');
  assert.equal(at('1d', 'start: 2026-03-28T02:30'), '2026-03-29T01:30:00Z');
});

test('a duration of a day is 24 hours on any day', () => {
  const [only] = times(storyOf(stop('at: 2026-03-28T12:00, duration: 1d')));
  assert.equal(only, '2026-03-28T11:00:00Z/2026-03-29T11:00:00Z');
  const [until] = times(storyOf(stop('at: 26d, until: 28d')));
  assert.equal(until, '2026-03-27T23:00:00Z/2026-03-29T22:00:00Z');
});

test('an event repeats at the same local time, so many times, on some days', () => {
  const daily = times(storyOf(stop('at: 8h, every: 1d, duration: 1h')), '2026-03-28', '2026-03-31');
  assert.deepEqual(daily, [
    '2026-03-28T07:00:00Z/2026-03-28T08:00:00Z',
    '2026-03-29T06:00:00Z/2026-03-29T07:00:00Z',
    '2026-03-30T06:00:00Z/2026-03-30T07:00:00Z',
  ]);
  assert.equal(times(storyOf(stop('at: 8h, every: 1d, times: 5, duration: 1h'))).length, 5);
  const mondays = storyOf(stop('at: 8h, every: 1d, days: [mon], times: 14, duration: 1h'));
  assert.deepEqual(
    (mondays.events[0]?.between(0, 1e10) ?? []).map(({ index }) => index),
    [0, 7],
  );
});

test('windows cut anywhere give the same occurrences', () => {
  const story = storyOf(
    stop(
      'at: 0, every: 6h, jitter: 2h, chance: 0.8, duration: { between: [10m, 30h], scale: log }',
    ),
  );
  const [event] = story.events;
  assert.ok(event);
  const from = Date.parse('2026-03-20') / 1000;
  const whole = event.between(from, from + 20 * 86_400);
  assert.ok(whole.length > 50 && whole.length < 80);
  const seen = new Map(whole.map((each) => [each.index, each]));
  for (let fromS = from; fromS < from + 20 * 86_400; fromS += 7777)
    for (const each of event.between(fromS, fromS + 7777)) {
      assert.deepEqual(each, seen.get(each.index));
      assert.ok(each.beginS < fromS + 7777 && each.endS > fromS);
    }
});

test('an event without an end lasts for good, a fault for five minutes', () => {
  const [story] = storiesOf([
    'name: ends\nstart: 2026-03-02\nevents:\n' +
      '  - { at: 0, stop: { machines: Conveyor-A } }\n' +
      '  - { at: 0, fault: { machine: Conveyor-A, type: overload } }',
  ]);
  assert.ok(story);
  assert.equal(times(story)[0], '2026-03-01T23:00:00Z/');
  assert.equal(
    times(story, undefined, undefined, 1)[0],
    '2026-03-01T23:00:00Z/2026-03-01T23:05:00Z',
  );
});

test('adding, removing or moving an event, and another machine, change no draw of others', () => {
  const drawn = stop(
    'at: { between: [0s, 9d] }, every: 5d, jitter: 1d, duration: { one_of: [1h, 2h, 5h] }',
    'x',
  );
  const alone = times(storyOf(drawn));
  const others = [stop('at: 3d, duration: 2h', 'y'), stop('at: 1d, every: 2d, duration: 1h', 'z')];
  const both = storyOf([others[0], drawn, others[1]].join('\n'));
  assert.deepEqual(times(both, undefined, undefined, 1), alone);
  const renamed = storyOf(drawn.replace('id: x', 'id: w'));
  assert.notDeepEqual(times(renamed), alone);
  const seeded = storyOf(drawn, 'start: 2026-03-02\nseed: 7');
  assert.notDeepEqual(times(seeded), alone);
});

test('a story that is given late begins then, and one that is ended ends then', () => {
  const text = `name: late\nstart: 2026-03-02\nevents:\n${stop('at: 0, every: 10d, duration: 4d')}\n`;
  const [fromS, untilS] = [Date.parse('2026-03-03') / 1000, Date.parse('2026-03-13') / 1000];
  const [story] = storiesOf([{ text, file: 'late.yaml', fromS, untilS }]);
  assert.ok(story);
  assert.deepEqual(times(story), [
    '2026-03-03T00:00:00Z/2026-03-05T23:00:00Z',
    '2026-03-11T23:00:00Z/2026-03-13T00:00:00Z',
  ]);
});

test('ten thousand events are read in a second or so', () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, i) =>
      `  - {id: e${i},at: ${i}h,every: 9w,jitter: 1d,duration: 1h,stop: {machines: Conveyor-A}}`,
  );
  const startMs = performance.now();
  const story = storyOf(lines.join('\n'));
  const took = performance.now() - startMs;
  assert.equal(story.events.length, 10_000);
  // It takes 0.8 s on an idle machine.
  assert.ok(took < 10_000, `${took} ms`);
});
