import test from 'node:test';
import { fuzzVoyage } from './fuzz.ts';

test('a thousand requests generated from the API’s own documentation cause no failure', {}, (t) =>
  fuzzVoyage(t, { requests: 1000, seed: 9 }),
);
