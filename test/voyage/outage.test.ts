import test from 'node:test';
import { withoutPostgres } from '../postgres.ts';
import { withoutMosquitto } from '../servers.ts';
import { outageVoyage } from './outage.ts';

test(
  'nothing is lost when broker and database are killed twice each and twice together',
  {
    skip: withoutMosquitto() || withoutPostgres(),
  },
  (t) => outageVoyage(t, { outages: 2, seed: 3 }),
);
