import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKER_LIMITS } from '../../src/broker/limits.ts';
import { FilterTree, isFilter, isTopic, matcherOf } from '../../src/broker/topics.ts';

/** The examples of MQTT 3.1.1, §4.7, and their edge cases. */
const MATCHES: [filter: string, topics: string[], others: string[]][] = [
  ['sport/player1/#', ['sport/player1', 'sport/player1/a', 'sport/player1/a/b'], ['sport/player']],
  ['sport/+', ['sport/', 'sport/a'], ['sport', 'sport/a/b']],
  ['+/+', ['/finance', 'a/b'], ['finance', '$SYS/a', 'a/b/c']],
  ['/+', ['/finance', '/'], ['finance', 'a/b']],
  ['#', ['a', 'a/b', '/'], ['$SYS', '$SYS/a']],
  ['$SYS/#', ['$SYS', '$SYS/a'], ['a']],
  ['a/+/c/#', ['a/b/c', 'a//c/d'], ['a/c', 'a/b/d']],
];

test('filters match as in the standard, in both directions of the search', () => {
  for (const [filter, topics, others] of MATCHES) {
    const tree = new FilterTree<string>();
    tree.add(filter, 'found');
    tree.add('another/filter', 'other');
    const isMatch = matcherOf(filter);
    for (const topic of [...topics, ...others]) {
      const found: string[] = [];
      tree.match(topic, found);
      assert.deepEqual(found, topics.includes(topic) ? ['found'] : [], `${filter}: ${topic}`);
      assert.equal(isMatch(topic), topics.includes(topic), `${filter}: ${topic}`);
    }
    tree.remove(filter, 'found');
    const left: string[] = [];
    for (const topic of [...topics, 'another/filter']) tree.match(topic, left);
    assert.deepEqual(left, ['other']);
  }
});

test('topics and filters have valid wildcards, no U+0000, and a limited length', () => {
  const topic = (text: string) => isTopic(text, BROKER_LIMITS);
  const filter = (text: string) => isFilter(text, BROKER_LIMITS);
  for (const text of ['a', '/', 'a//b', '$SYS/a', 'ä/b c'])
    assert.ok(topic(text) && filter(text), text);
  for (const text of ['#', 'a/#', '+', 'a/+/b', '+/#'])
    assert.ok(filter(text) && !topic(text), text);
  for (const text of ['', 'a\0b', 'a#', '#/a', 'a/b+', '+a/b', 'x'.repeat(1025), '/'.repeat(32)])
    assert.ok(!filter(text) && !topic(text), text);
});
