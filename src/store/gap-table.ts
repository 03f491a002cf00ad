import type { Gap } from '../core/sink.ts';
import type { Queries } from './database.ts';

/** What was left out in catching up, on record: data that are missing for a known reason. */
export class GapTable {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** Puts a gap on record; once more changes nothing. */
  async add({ sink, fromMs, toMs }: Gap): Promise<void> {
    await this.#queries.query(
      `insert into simulator.gaps (sink, from_ms, to_ms)
       select $1::text, $2::float8, $3::float8 where not exists (
         select from simulator.gaps where (sink, from_ms, to_ms) = ($1, $2, $3))`,
      [sink, fromMs, toMs],
    );
  }

  /** The latest of them, oldest first. */
  async latest(limit: number): Promise<Gap[]> {
    const gaps = await this.#queries.query<Gap>(
      `select sink, from_ms as "fromMs", to_ms as "toMs" from simulator.gaps
       order by id desc limit $1`,
      [limit],
    );
    return gaps.toReversed();
  }
}
