import test from 'node:test';
import { fuzzVoyage } from './fuzz.ts';

test('a thousand requests made from its own documentation find no fault in the API', {}, (t) =>
  fuzzVoyage(t, { requests: 1000, seed: 9 }),
);
