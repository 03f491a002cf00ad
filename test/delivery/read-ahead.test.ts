import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../../src/core/batch.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { ReadAhead } from '../../src/delivery/read-ahead.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { until } from '../until.ts';
import { demoFleet, START_MS } from './demo.ts';

const MINUTE_MS = 60_000;
const ROWS = 20;

/** The content of a batch, for comparison. */
const saidIn = (batch: Batch) =>
  Array.from(
    { length: batch.length },
    (_, row) => `${batch.timesMs[row]} ${batch.values[ROW_WIDTH * row]}`,
  );

test('batches read ahead equal those read without it', async () => {
  const plain = createReader(demoFleet());
  plain.seek(START_MS, true);
  const ahead = new ReadAhead(createReader(demoFleet()));
  await ahead.seek(START_MS);
  const untilMs = START_MS + MINUTE_MS;
  for (let isComplete = false, i = 0; !isComplete; i++) {
    const expected = new Batch(ROWS);
    isComplete = plain.read(untilMs, expected);
    const batch = ahead.read(untilMs, ROWS);
    const said = saidIn(batch);
    if (i % 3 > 0) await ahead.prepare(untilMs, ROWS);
    assert.deepEqual(said, saidIn(expected));
    assert.deepEqual(saidIn(batch), said, 'it changed while the next was read');
    assert.equal(batch.untilMs, expected.untilMs);
  }
  assert.equal(ahead.read(untilMs, ROWS).length, 0);
});

test('batches read ahead are discarded after a seek', async () => {
  const ahead = new ReadAhead(createReader(demoFleet()));
  await ahead.seek(START_MS);
  ahead.read(START_MS + MINUTE_MS, ROWS);
  await ahead.prepare(START_MS + MINUTE_MS, ROWS);
  await ahead.seek(START_MS + 10 * MINUTE_MS);
  const batch = ahead.read(START_MS + 11 * MINUTE_MS, ROWS);
  assert.equal(batch.timesMs[0], START_MS + 10 * MINUTE_MS + 1000);
});

test('a sink that is far behind and sometimes fails gets every row once, in order', async () => {
  class Unsteady extends MemorySink {
    readonly batchRows = ROWS;
    #writes = 0;
    override async write(batch: Batch): Promise<void> {
      const isFailing = this.#writes++ % 20 === 7;
      const said = saidIn(batch);
      // Meanwhile the next batch is read.
      await turn();
      await turn();
      assert.deepEqual(saidIn(batch), said);
      if (isFailing) throw new Error('not now');
      await super.write(batch);
    }
  }
  const [unsteady, steady] = [new Unsteady(), new MemorySink()];
  for (const sink of [unsteady, steady]) {
    const clock = new InstantClock(START_MS + 20 * MINUTE_MS);
    const delivery = new Delivery({
      fleet: demoFleet(),
      sink,
      clock,
      horizonMs: () => clock.nowMs(),
      watermarks: new MemoryWatermarks(),
      log: { info: () => {}, warn: () => {} },
      catchUpMs: Number.POSITIVE_INFINITY,
      catchUpRate: 0,
      beginMs: START_MS,
    });
    const running = delivery.run();
    // It has started once its delay is known.
    await until(() => delivery.figures.readings > 0 && delivery.figures.lagMs === 0);
    await delivery.stop();
    await running;
  }
  assert.deepEqual(unsteady.messages, steady.messages);
});
