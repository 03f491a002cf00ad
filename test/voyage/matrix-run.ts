import { after, before, describe, type TestContext, test } from 'node:test';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { withoutMosquitto } from '../servers.ts';
import { type Cell, MATRIX } from './matrix.ts';
import type { Scale } from './matrix-stages.ts';
import { tryCell } from './matrix-trial.ts';

/** A condition that never holds fails a cell instead of hanging it [ms]. */
const SHORT_MAX_MS = 60_000;
const LONG_MAX_MS = 400_000;

/** Tries every cell, in parallel unless cells share the broken part. */
export function tryMatrix(scale: Scale): void {
  const timeout = scale.isTimed ? LONG_MAX_MS : SHORT_MAX_MS;
  const skip = withoutPostgres() || withoutMosquitto();
  let postgres: Postgres;
  before(async () => {
    if (!skip) postgres = await startPostgres();
  });
  after(() => postgres?.close());
  const cells = MATRIX.filter((cell) => 'how' in cell);
  const isAlone = ({ sink, condition }: Cell) => sink === 'postgres' && condition === 'restarted';
  const tryOne = (cell: Cell) =>
    test(`${cell.sink}, ${cell.condition}`, { skip, timeout }, (t: TestContext) =>
      tryCell(t, cell, scale, postgres),
    );
  describe('the behaviour of each sink when its peer', { concurrency: scale.concurrency }, () => {
    for (const cell of cells) if (!isAlone(cell)) tryOne(cell);
  });
  // It stops the server that the others use.
  for (const cell of cells) if (isAlone(cell)) tryOne(cell);
}
