import pg from 'pg';
import type { DatabaseServer } from '../../outputs/postgres/server.ts';
import { settingsOf } from '../../outputs/postgres/url.ts';

/**
 * How a worker reaches the database of an order, whose URL has no password: as it is configured
 * itself, where that is the same database, else with the password in PGPASSWORD.
 */
export function loginOf(url: string, own: DatabaseServer | undefined): pg.ClientConfig {
  if (!own) return { connectionString: url };
  const [asked, configured] = [{ connectionString: url }, own].map(
    (each) => new pg.Client(settingsOf(each)),
  );
  const isSame = (['host', 'port', 'database'] as const).every(
    (key) => asked?.[key] === configured?.[key],
  );
  return isSame ? own : { connectionString: url };
}
