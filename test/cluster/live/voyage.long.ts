import test from 'node:test';
import { liveVoyage } from './voyage.ts';

test(
  'treated badly four times, a cluster of twenty shards and three workers misses nothing',
  {
    timeout: 1_200_000,
  },
  (t) => liveVoyage(t, { shards: 20, workers: 3, machines: 45, rounds: 4 }),
);
