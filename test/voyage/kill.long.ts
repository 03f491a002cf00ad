import test from 'node:test';
import { killVoyage } from './kill.ts';

const TIMEOUT_MS = 1_200_000;

test(
  'killed twenty times with an embedded database, it loses and changes nothing',
  {
    timeout: TIMEOUT_MS,
  },
  (t) => killVoyage(t, { home: 'PGlite', kills: 20, seed: 1 }),
);

test(
  'killed twenty times with a PostgreSQL server, it loses nothing and stores nothing twice',
  {
    timeout: TIMEOUT_MS,
  },
  (t) => killVoyage(t, { home: 'PostgreSQL', kills: 20, seed: 2 }),
);
