import test from 'node:test';
import { withoutPostgres } from '../postgres.ts';
import { withoutMosquitto } from '../servers.ts';
import { killVoyage } from './kill.ts';

const KILLS = 3;

test(
  'killed three times with an embedded database, it loses and changes nothing',
  {
    skip: withoutMosquitto(),
  },
  (t) => killVoyage(t, { home: 'PGlite', kills: KILLS, seed: 1 }),
);

test(
  'killed three times with a PostgreSQL server, it loses nothing and stores nothing twice',
  {
    skip: withoutMosquitto() || withoutPostgres(),
  },
  (t) => killVoyage(t, { home: 'PostgreSQL', kills: KILLS, seed: 2 }),
);
