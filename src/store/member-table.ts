import type { Queries } from './database.ts';
import { wakeAll } from './horizon-table.ts';

/** A process that has not been heard of for so long is gone [s]. */
const SILENT_MAX_S = 5;
/** Those that are gone are forgotten after this [s]. */
const FORGOTTEN_AFTER_S = 60;

/** What a process does in a cluster. */
export type Role = 'api' | 'worker';

/** A process of a cluster. */
export interface Member {
  readonly id: string;
  readonly role: Role;
  readonly version: string;
}

/** The processes of a cluster, by their signs of life; times are the database's. */
export class MemberTable {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** Gives a sign of life, the first or a later one, and forgets who is long gone. */
  async beat({ id, role, version }: Member): Promise<void> {
    await this.#queries.query(
      `with gone as (
         delete from simulator.members
         where seen_at < clock_timestamp() - interval '${FORGOTTEN_AFTER_S} s' and id <> $1)
       insert into simulator.members (id, role, version) values ($1, $2, $3)
       on conflict (id) do update set seen_at = clock_timestamp()`,
      [id, role, version],
    );
  }

  /** Those that live, oldest first. */
  alive(): Promise<readonly Member[]> {
    return this.#queries.query<Member>(
      `select id, role, version from simulator.members
       where seen_at > clock_timestamp() - interval '${SILENT_MAX_S} s' order by joined_at, id`,
    );
  }

  /** Says goodbye, so that nobody waits for a sign of life. */
  async leave(id: string): Promise<void> {
    await this.#queries.query('delete from simulator.members where id = $1', [id]);
    await wakeAll(this.#queries);
  }
}
