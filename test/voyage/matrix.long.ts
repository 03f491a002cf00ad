import { tryMatrix } from './matrix-run.ts';

/** With real durations and the limits of the document. */
tryMatrix({
  speed: 1,
  stallMs: 30_000,
  steadyMs: 30_000,
  lagMaxMs: 30_000,
  connectMaxMs: 10_000,
  lifeMs: 1000,
  quietMs: 30_000,
  keepaliveS: 10,
  concurrency: 10,
  isTimed: true,
});
