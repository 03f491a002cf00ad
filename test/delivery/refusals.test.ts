import assert from 'node:assert/strict';
import test from 'node:test';
import { REFUSED_TOPICS_MAX } from '../../src/delivery/figures.ts';
import { Refusals } from '../../src/delivery/refusals.ts';
import { logLines } from '../store/places.ts';

test('beyond a number of topics, refused messages are counted without their topics', () => {
  const log = logLines();
  const refusals = new Refusals('mqtt', log);
  for (let i = 0; i < REFUSED_TOPICS_MAX; i++) refusals.add(`factory/a/m${i}/energy`, 'denied');
  assert.equal(log.lines.length, REFUSED_TOPICS_MAX);
  for (let again = 0; again < 3; again++) refusals.add('factory/a/more/energy', 'denied');
  assert.equal(refusals.total, REFUSED_TOPICS_MAX + 3);
  assert.equal(refusals.list.length, REFUSED_TOPICS_MAX);
  assert.deepEqual(log.lines.slice(REFUSED_TOPICS_MAX), [
    `mqtt refuses more than ${REFUSED_TOPICS_MAX} topics: only counted {"sink":"mqtt"}`,
  ]);
});

test('what a machine that has left was refused is no longer a problem', () => {
  const refusals = new Refusals('mqtt', logLines());
  refusals.add('factory/a/gone/energy', 'denied');
  refusals.add('factory/a/here/energy', 'too large');
  assert.match(refusals.problem?.reason ?? '', /^messages of \S+ and of 1 other topic are refused/);
  refusals.keepOnly((machineTopic) => machineTopic === 'factory/a/here');
  assert.equal(
    refusals.problem?.reason,
    'messages of factory/a/here/energy are refused: too large',
  );
  refusals.keepOnly(() => false);
  assert.equal(refusals.problem, undefined);
  assert.equal(refusals.total, 2, 'what was refused stays counted');
});

test('a topic that is refused and accepted in turn is logged as refused once', () => {
  const log = logLines();
  const refusals = new Refusals('mqtt', log);
  for (let turn = 0; turn < 3; turn++) {
    refusals.add('factory/a/m/energy', 'denied');
    refusals.accept('factory/a/m/energy');
  }
  const refused = log.lines.filter((line) => line.startsWith('mqtt refuses messages of a topic'));
  assert.equal(refused.length, 1);
  assert.equal(refusals.list[0]?.count, 3);
});
