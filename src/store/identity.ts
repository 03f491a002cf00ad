import type { Queries } from './database.ts';

/** What a store was begun with. */
export interface Identity {
  readonly seed: number;
  /** The simulator that began it. */
  readonly version: string;
  /** Whether the registry and the reading tables are of our making, not an EnMS's. */
  readonly hasMadeRegistry: boolean;
  readonly createdAt: Date;
}

/** Reads what a store was begun with; one without it is begun now. */
export async function identify(queries: Queries, seed: number, version: string): Promise<Identity> {
  await queries.query(
    'insert into simulator.identity (seed, version) values ($1, $2) on conflict do nothing',
    [seed, version],
  );
  const [row] = await queries.query<Identity>(
    `select seed, version, made_registry as "hasMadeRegistry", created_at as "createdAt"
     from simulator.identity`,
  );
  return row as Identity;
}
