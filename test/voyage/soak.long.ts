import test from 'node:test';
import { soakVoyage } from './soak.ts';

test(
  'an hour at 60 times: it stays small and in time, and its journal tells every byte',
  {
    timeout: 4_800_000,
  },
  (t) => soakVoyage(t, { durationS: 3600, warmUpS: 600, spanS: 300, growthMaxShare: 0.1, seed: 8 }),
);
