import type { Settings } from '../core/journal.ts';
import type { Queries } from './database.ts';

/** Settings that did not come by a command, and so are in no event. */
export interface SettingsRecord {
  /** What held before the first event. */
  readonly begun: Settings;
  /** What the simulator was configured with when it was last started. */
  readonly configured: Settings;
}

/** The settings that a store began with: no later configuration changes its past. */
export class SettingsTable {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async load(): Promise<SettingsRecord | undefined> {
    const [row] = await this.#queries.query<SettingsRecord>(
      'select begun, configured from simulator.settings',
    );
    return row;
  }

  async save({ begun, configured }: SettingsRecord): Promise<void> {
    await this.#queries.query(
      `insert into simulator.settings (begun, configured) values ($1, $2)
       on conflict (is_only) do update set configured = excluded.configured`,
      [JSON.stringify(begun), JSON.stringify(configured)],
    );
  }
}
