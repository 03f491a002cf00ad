import test from 'node:test';
import { fuzzVoyage } from './fuzz.ts';

test(
  'ten thousand requests made from its own documentation find no fault in the API',
  {
    timeout: 2_400_000,
  },
  (t) => fuzzVoyage(t, { requests: 10_000, seed: 10 }),
);
