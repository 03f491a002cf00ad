import test from 'node:test';
import { soakVoyage } from './soak.ts';

test(
  'half a minute at 60 ×: memory stays flat, delivery on time, the journal reproduces every byte',
  {},
  (t) => soakVoyage(t, { durationS: 30, warmUpS: 10, spanS: 5, growthMaxShare: 0.5, seed: 7 }),
);
