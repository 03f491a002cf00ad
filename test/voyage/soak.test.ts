import test from 'node:test';
import { soakVoyage } from './soak.ts';

test(
  'half a minute at 60 times: it stays small and in time, and its journal tells every byte',
  {},
  (t) => soakVoyage(t, { durationS: 30, warmUpS: 10, spanS: 5, growthMaxShare: 0.5, seed: 7 }),
);
