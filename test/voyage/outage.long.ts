import test from 'node:test';
import { outageVoyage } from './outage.ts';

test(
  'broker and database killed ten times each and ten times together cost nothing',
  {
    timeout: 1_200_000,
  },
  (t) => outageVoyage(t, { outages: 10, seed: 3 }),
);
