import assert from 'node:assert/strict';
import test from 'node:test';
import { ConfigError } from '../../src/core/errors.ts';
import {
  type AnyType,
  defaulted,
  entry,
  key,
  list,
  mapped,
  mapping,
  objectSchema,
  readValue,
  required,
} from '../../src/schema/composite-type.ts';
import { Diagnostics, REQUEST_WORDS } from '../../src/schema/diagnostics.ts';
import { DATE, duration, END_MINUTE, START_MINUTE } from '../../src/schema/times.ts';
import {
  choice,
  FLAG,
  number,
  position,
  range,
  scalar,
  text,
  whole,
} from '../../src/schema/value-type.ts';

const SHIFT_KEYS = {
  startMinute: required(START_MINUTE, 'When it begins.', { name: 'start' }),
  endMinute: required(END_MINUTE, 'When it ends.', { name: 'end' }),
  loadShare: defaulted(number(0, 1), 1, 'Production.', { name: 'load' }),
  weekDays: key(list(1, 7, position(['sun', 'mon', 'tue'])), 'Days.'),
};
const PLAN = mapping({
  name: required(text(5), 'Its name.'),
  shifts: key(list(0, 2, entry(SHIFT_KEYS)), 'Its shifts.'),
});

/** The parsed value, and the errors in it. */
function reading<T>(value: unknown, type: AnyType<T>, options = {}): [T | undefined, string[]] {
  const diagnostics = new Diagnostics(options);
  const read = readValue(value, type, diagnostics.top);
  return [read, diagnostics.errors.map(({ path, message }) => `${path}: ${message}`)];
}

test('a mapping is read by the keys that users write, and written as it was read', () => {
  const content = { name: 'A', shifts: [{ start: '06:00', end: '14:30', week_days: ['mon'] }] };
  const [plan, errors] = reading(content, PLAN);
  assert.deepEqual(errors, []);
  assert.deepEqual(plan, {
    name: 'A',
    shifts: [{ startMinute: 360, endMinute: 870, loadShare: 1, weekDays: [1] }],
  });
  assert.deepEqual(reading(PLAN.write(plan as never), PLAN), [plan, []]);
});

test('every error is found at its place', () => {
  const shifts = [{ start: 6, end: '25:00', week_days: ['mon', 'thu'], lode: 1 }, 7];
  const [plan, errors] = reading({ shifts, colour: 'red' }, PLAN);
  assert.equal(plan, undefined);
  assert.deepEqual(errors, [
    'colour: is not known; accepted are name, shifts',
    'name: is missing; text of 1 to 5 printable characters',
    'shifts.0.lode: is not known; did you mean load?',
    'shifts.0.end: "25:00" is not accepted; a whole hour from 0 to 24, or HH:MM up to 24:00',
    'shifts.0.week_days.1: "thu" is not accepted; sun, mon or tue (did you mean tue?)',
    'shifts.1: 7 is not accepted; a mapping with start, end, load, week_days',
  ]);
});

test('errors about a whole request use the terms of JSON', () => {
  assert.deepEqual(reading(null, PLAN, { words: REQUEST_WORDS })[1], [
    'body: null is not accepted; a mapping',
  ]);
  const [, errors] = reading({ shifts: {} }, PLAN, { words: REQUEST_WORDS });
  assert.deepEqual(errors, [
    'name: is required: text of 1 to 5 printable characters',
    'shifts: an object is not accepted; a list of 0 to 2',
  ]);
});

test('checking stops after the maximum number of errors', () => {
  assert.throws(
    () => reading(Array(9).fill('x'), list(0, 9, FLAG), { errorsMax: 3 }),
    (error) => error instanceof ConfigError && error.faults.length === 3,
  );
});

test('a list keeps the valid items, including null if that is valid', () => {
  const nullable = { ...whole(1, 9), parse: (value: unknown) => (value === null ? null : 1) };
  assert.deepEqual(reading([1, null], list(0, 9, nullable))[0], [1, null]);
  assert.deepEqual(reading(['2026-01-01', '2026-02-30'], list(0, 9, DATE)), [
    ['2026-01-01'],
    ['1: "2026-02-30" is not accepted; a date like 2026-12-25'],
  ]);
});

test('parts may be converted together, or be wrong together', () => {
  const span = mapped(mapping({ from: required(DATE, ''), to: required(DATE, '') }), (it, place) =>
    it.to < it.from ? place.at('to').error('is too early') : it,
  );
  const given = { from: '2026-01-02', to: '2026-01-01' };
  assert.deepEqual(reading(given, span), [undefined, ['to: is too early']]);
  assert.deepEqual(reading({ from: given.from }, span)[1], [
    'to: is missing; a date like 2026-12-25',
  ]);
});

test('the schema of a mapping has its keys, with descriptions and defaults', () => {
  const { required: needed, properties } = objectSchema(SHIFT_KEYS);
  assert.deepEqual(needed, ['start', 'end']);
  assert.deepEqual(properties?.['load'], {
    description: 'Production.',
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 1,
  });
});

test('text becomes a number or a boolean if the type is one', () => {
  assert.equal(scalar('1e3', whole(0, 9999)), 1000);
  assert.equal(scalar('yes', FLAG), true);
  assert.equal(scalar('1', text(5)), '1');
  assert.equal(scalar('90m', duration(0, 9999)), '90m');
});

test('types accept what they describe', () => {
  assert.equal(choice(['wait', 'repeat']).parse('WAIT'), 'wait');
  assert.equal(duration(60, 86_400).parse('90m'), 5400);
  assert.equal(duration(60, 86_400).parse('1s'), undefined);
  assert.deepEqual(range(number(0, 5)).parse([1, 4]), [1, 4]);
  assert.equal(range(number(0, 5)).parse([4, 1]), undefined);
  assert.equal(DATE.parse('1970-01-01'), '1970-01-01');
  assert.equal(number(0, 5).parse(Number.NaN), undefined);
});
