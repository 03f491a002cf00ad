import test from 'node:test';
import { withoutPostgres } from '../postgres.ts';
import { withoutMosquitto } from '../servers.ts';
import { outageVoyage } from './outage.ts';

test(
  'broker and database killed twice each and twice together cost no message and no row',
  {
    skip: withoutMosquitto() || withoutPostgres(),
  },
  (t) => outageVoyage(t, { outages: 2, seed: 3 }),
);
