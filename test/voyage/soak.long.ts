import test from 'node:test';
import { soakVoyage } from './soak.ts';

test(
  'an hour at 60 ×: memory stays flat, delivery on time, and the journal reproduces every byte',
  {
    timeout: 4_800_000,
  },
  (t) => soakVoyage(t, { durationS: 3600, warmUpS: 600, spanS: 300, growthMaxShare: 0.1, seed: 8 }),
);
