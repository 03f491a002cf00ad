import test from 'node:test';
import { outageVoyage } from './outage.ts';

test(
  'nothing is lost when broker and database are killed ten times each and ten times together',
  {
    timeout: 1_200_000,
  },
  (t) => outageVoyage(t, { outages: 10, seed: 3 }),
);
