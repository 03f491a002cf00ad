import { test } from 'node:test';
import { voyage } from './simulated.ts';

/** Number of voyages that `npm test` has time for. */
const VOYAGES = 100;
const { SEED, SEEDS = VOYAGES } = process.env;

test('with any seed, every topic and time arrives once, with its bytes', async (t) => {
  const seeds = SEED ? [Number(SEED)] : Array.from({ length: Number(SEEDS) }, (_, i) => i + 1);
  for (const seed of seeds) {
    try {
      const logbook = await voyage(seed);
      if (SEED) t.diagnostic(JSON.stringify(logbook));
    } catch (error) {
      const again = `SEED=${seed} node --test dist/test/voyage/simulated.test.js`;
      throw new Error(`${again}\n${(error as Error).stack}`, { cause: error });
    }
  }
});
