import test from 'node:test';
import { liveVoyage } from './voyage.ts';

test(
  'a cluster of twenty shards and three workers loses nothing after ten rounds of failures',
  {
    timeout: 2_400_000,
  },
  (t) => liveVoyage(t, { shards: 20, workers: 3, machines: 45, rounds: 10 }),
);
