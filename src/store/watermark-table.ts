import type { Watermark, Watermarks } from '../core/sink.ts';
import type { Queries } from './database.ts';

/** Watermarks on record, so that a restart goes on where each sink was left. */
export class WatermarkTable implements Watermarks {
  readonly #queries: Queries;

  /** Given the queries of a transaction, a watermark is saved with all that is in it. */
  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async load(sinkName: string): Promise<Watermark | undefined> {
    const [row] = await this.#queries.query<{ time_ms: number; live_from_ms: number }>(
      'select time_ms, live_from_ms from simulator.watermarks where sink = $1',
      [sinkName],
    );
    return row && { timeMs: row.time_ms, liveFromMs: row.live_from_ms };
  }

  async save(sinkName: string, watermark: Watermark): Promise<void> {
    await this.#queries.query(saveWatermarkSql(sinkName, watermark));
  }
}

/** The statement that saves a watermark, for a transaction that holds what was delivered. */
export function saveWatermarkSql(sinkName: string, { timeMs, liveFromMs }: Watermark): string {
  const name = sinkName.replaceAll("'", "''");
  return `insert into simulator.watermarks (sink, time_ms, live_from_ms)
    values ('${name}', ${timeMs}, ${liveFromMs})
    on conflict (sink) do update set time_ms = excluded.time_ms, updated_at = now()`;
}
