import test from 'node:test';
import { fuzzVoyage } from './fuzz.ts';

test(
  'ten thousand requests generated from the API’s own documentation cause no failure',
  {
    timeout: 2_400_000,
  },
  (t) => fuzzVoyage(t, { requests: 10_000, seed: 10 }),
);
