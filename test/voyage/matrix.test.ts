import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { matrixTable } from './matrix.ts';
import { tryMatrix } from './matrix-run.ts';

const DOCUMENT = new URL('../../../docs/guides/reliability.md', import.meta.url);

test('the document has every cell of this table', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  for (const sink of ['mqtt', 'embedded', 'postgres'] as const) {
    const table = matrixTable(sink);
    assert.ok(text.includes(table), `docs/guides/reliability.md lacks this table:\n${table}`);
  }
});

/** Waits of thirty seconds take two here, and the peer's second is shorter too. */
tryMatrix({
  speed: 10,
  stallMs: 2000,
  steadyMs: 1000,
  lagMaxMs: 2000,
  connectMaxMs: 200,
  lifeMs: 400,
  quietMs: 2000,
  keepaliveS: 1,
  concurrency: 8,
  isTimed: false,
});
