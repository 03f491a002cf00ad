import assert from 'node:assert/strict';
import test from 'node:test';
import { meantUrl, url } from '../../src/schema/value-type.ts';

test('a URL without its scheme, or with another one, gets the one that was meant', () => {
  const { guess } = url('postgres', 'postgresql');
  for (const [text, meant] of [
    ['localhost', 'postgres://localhost'],
    ['localhost:5432/enms', 'postgres://localhost:5432/enms'],
    ['db:5432', 'postgres://db:5432'],
    ['db.plant.example/enms', 'postgres://db.plant.example/enms'],
    ['http://db:5432/enms', 'postgres://db:5432/enms'],
  ] as const)
    assert.equal(guess?.(text), meant);
});

test('what may be a secret is never repeated', () => {
  for (const text of ['hunter2', 'ab/cd', 'user:hush@db', 'postgres://user:hush@db', 'db:hush'])
    assert.equal(meantUrl(text, 'redis'), undefined, text);
});
