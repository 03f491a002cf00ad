import type { Batch } from './batch.ts';

/**
 * Where readings go. A sink writes a batch or throws, and knows nothing else: retry, order, pace
 * and counts are delivery's. A batch that failed is written again from its beginning, so a sink
 * may see a reading twice, with the same bytes.
 */
export interface Sink {
  /** Names the sink in logs and metrics. */
  readonly name: string;
  /** Rows that it takes best at once; as many as a {@link Batch} has, if not given. */
  readonly batchRows?: number;
  /** Settles when every row of the batch has been taken for good: acknowledged, flushed. */
  write(batch: Batch): Promise<void>;
  /** Gives back what it holds; what was written stays written. */
  close(): Promise<void>;
}
