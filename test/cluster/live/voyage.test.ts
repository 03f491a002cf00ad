import test from 'node:test';
import { withoutPostgres } from '../../postgres.ts';
import { withoutRedis } from '../../redis.ts';
import { withoutMosquitto } from '../../servers.ts';
import { liveVoyage } from './voyage.ts';

test(
  'a cluster whose workers die and pause, and whose servers restart, loses nothing',
  {
    skip: withoutMosquitto() || withoutPostgres() || withoutRedis(),
  },
  (t) => liveVoyage(t, { shards: 6, workers: 3, machines: 10, rounds: 1 }),
);
