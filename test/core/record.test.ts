import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { copyOf } from '../../src/core/record.ts';

setFlagsFromString('--allow-natives-syntax');
const isOfOneClass = new Function('a', 'b', 'return %HaveSameMap(a, b);') as (
  a: object,
  b: object,
) => boolean;

test('a copy has the keys and numbers of its record, and is independent of it', () => {
  const record = { leakShare: 0.12, excessTempK: 0, maintenanceFromS: Number.POSITIVE_INFINITY };
  const copy = copyOf(record);
  assert.deepEqual(copy, record);
  assert.deepEqual(Object.keys(copy), Object.keys(record));
  copy['leakShare'] = 1;
  assert.equal(record.leakShare, 0.12);
});

test('copies keep one hidden class, whatever numbers they hold', () => {
  const whole = { leakShare: 1, excessTempK: 0 };
  const [first, second] = [copyOf(whole), copyOf(whole)];
  first['excessTempK'] = 2.5;
  assert.ok(isOfOneClass(first, second));
  assert.ok(isOfOneClass(first, copyOf(first)));
  assert.ok(isOfOneClass(first, copyOf({ leakShare: 0.5, excessTempK: Number.NaN })));
});

test('a key that could be code is rejected', () => {
  assert.throws(() => copyOf({ 'a: process.exit(), b': 1 }), {
    name: 'TypeError',
    message: 'not a key: a: process.exit(), b',
  });
});
