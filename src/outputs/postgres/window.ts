import type pg from 'pg';
import { Batch } from '../../core/batch.ts';
import { READING_TABLES } from '../../encoding/reading-tables.ts';
import { connect, disconnect, explained } from './connection.ts';
import { PostgresSession } from './session.ts';
import { copyFrozenSql } from './sql.ts';

const BATCH_ROWS = 4096;
/**
 * Batches of a `COPY`, which costs the server a millisecond before its first row (it sets up a
 * thousand buffers), as much as a thousand rows.
 */
const BATCHES = 8;

const TABLES = READING_TABLES.map(({ name }) => name);

/** Fills an empty batch; true if nothing comes after it. */
export type FillBatch = (batch: Batch) => boolean;

/** Called with a sentence about data that are not stored. */
export type OnRemark = (remark: string) => void;

/**
 * Stores a whole window of readings, as fast as the server accepts them.
 *
 * Empty tables are loaded in one transaction and without their indexes and foreign keys, which are
 * recreated at the end; readers of these tables or `machines` have to wait. An error, including
 * one thrown by `fill`, leaves the tables unchanged; to keep what is stored so far, return true.
 * If the tables contain rows, or are not plain (hypertables, partitions, triggers, policies), or
 * several readings may tell one time, it works like the sink: many transactions, and repeats change
 * nothing.
 *
 * @param onRemark - Called for each kind of data that the tables cannot store.
 * @param isUnique - Whether no two readings of a machine tell the same time.
 * @returns Whether the tables were empty and plain, so that everything or nothing was stored.
 * @throws PostgresError if the server is away or rejects a row; RangeError for a value that does
 * not fit its column; any error of `fill`.
 */
export function loadWindow(
  server: pg.ClientConfig,
  fill: FillBatch,
  onRemark?: OnRemark,
  isUnique = true,
): Promise<boolean> {
  const work = async (session: PostgresSession, filling: FillBatch) => {
    const { client } = session;
    if (!isUnique) {
      await add(session, filling);
      return false;
    }
    await client.query('begin');
    const isEmpty = await areEmptyAndSimple(client);
    if (isEmpty) await load(session, filling);
    else {
      await client.query('rollback');
      await add(session, filling);
    }
    return isEmpty;
  };
  return withSession(server, fill, work, onRemark);
}

/**
 * Adds a window of readings to tables that others fill as well: many transactions, and repeats
 * change nothing.
 *
 * @throws PostgresError, RangeError, or any error of `fill`, as {@link loadWindow}.
 */
export function addWindow(
  server: pg.ClientConfig,
  fill: FillBatch,
  onRemark?: OnRemark,
): Promise<void> {
  return withSession(server, fill, add, onRemark);
}

/** Runs work on a separate connection, with errors in the form for users. */
async function withSession<T>(
  server: pg.ClientConfig,
  fill: FillBatch,
  work: (session: PostgresSession, fill: FillBatch) => Promise<T>,
  onRemark: OnRemark = () => {},
): Promise<T> {
  const client = await connect(server);
  let thrown: unknown;
  const filling: FillBatch = (batch) => {
    try {
      return fill(batch);
    } catch (error) {
      thrown = error;
      throw error;
    }
  };
  try {
    const session = await PostgresSession.open(client);
    const said = session.remarks;
    for (const remark of said) onRemark(remark);
    const result = await work(session, filling);
    for (const remark of session.remarks) if (!said.includes(remark)) onRemark(remark);
    await client.end();
    return result;
  } catch (error) {
    throw error === thrown || error instanceof RangeError ? error : explained(error, client);
  } finally {
    disconnect(client);
  }
}

function add(session: PostgresSession, fill: FillBatch): Promise<void> {
  return inGroups(fill, (batches, meanwhile) => session.write(batches, { meanwhile }));
}

/** Continues the transaction and commits it. */
async function load(session: PostgresSession, fill: FillBatch): Promise<void> {
  const { client, statuses } = session;
  const definitions = await indexesAndKeys(client);
  const drops = definitions.map(({ drop }) => drop);
  await client.query([`truncate ${TABLES.join(', ')}`, ...drops].join('; '));
  await inGroups(fill, async (batches, meanwhile) => {
    for (const batch of batches) await statuses.add(client, batch);
    const targets = session.targetsOf(batches);
    await session.copy(targets.map(copyFrozenSql), { targets, batches, meanwhile });
  });
  for (const { create } of definitions) await client.query(create);
  await client.query(statuses.takeSql(client));
  await client.query('commit');
}

/** Fills batches and writes several at a time; the next are filled meanwhile. */
async function inGroups(
  fill: FillBatch,
  take: (batches: readonly Batch[], meanwhile: () => void) => Promise<void>,
): Promise<void> {
  let isLast = false;
  const fillOne = (batches: readonly Batch[]) => {
    const empty = batches.find(({ length }) => length === 0);
    if (empty && !isLast) isLast = fill(empty);
  };
  let [batches, next] = [newBatches(), newBatches()];
  for (;;) {
    for (const _ of batches) fillOne(batches);
    if (batches.every(({ length }) => length === 0)) return;
    const following = next;
    await take(batches, () => fillOne(following));
    for (const batch of batches) batch.clear();
    [batches, next] = [next, batches];
  }
}

function newBatches(): readonly Batch[] {
  return Array.from({ length: BATCHES }, () => new Batch(BATCH_ROWS));
}

/** Locks the tables and checks whether they can be loaded without their indexes. */
async function areEmptyAndSimple(client: pg.ClientBase): Promise<boolean> {
  const { rowCount: complicated } = await client.query(
    `select from pg_class as c where oid = any ($1::regclass[]) and (
       relkind <> 'r' or not pg_has_role(relowner, 'usage')
       or relispartition or relhassubclass or relrowsecurity or relreplident <> 'd'
       or exists (select from pg_trigger where tgrelid = c.oid and not tgisinternal)
       or exists (select from pg_constraint where confrelid = c.oid))`,
    [TABLES],
  );
  if (complicated) return false;
  await client.query(`lock table ${TABLES.join(', ')} in access exclusive mode`);
  const filled = TABLES.map((name) => `exists (select from ${name})`).join(' or ');
  const { rows } = await client.query<{ is_filled: boolean }>(`select ${filled} as is_filled`);
  return rows[0]?.is_filled === false;
}

/** Statements that drop what checks rows one by one, and that recreate it. */
interface Definition {
  readonly drop: string;
  readonly create: string;
}

/** Indexes first, then keys; the index of a constraint is dropped and created with it. */
async function indexesAndKeys(client: pg.ClientBase): Promise<readonly Definition[]> {
  const { rows } = await client.query<Definition>(
    `select format('drop index %s', indexrelid::regclass) as drop,
       pg_get_indexdef(indexrelid) as create
     from pg_index where indrelid = any ($1::regclass[])
       and not exists (select from pg_constraint where conindid = indexrelid)
     union all
     select format('alter table %s drop constraint %I', conrelid::regclass, conname),
       format('alter table %s add constraint %I %s', conrelid::regclass, conname,
         pg_get_constraintdef(oid))
     from pg_constraint where conrelid = any ($1::regclass[]) and contype in ('f', 'p', 'u', 'x')`,
    [TABLES],
  );
  return rows;
}
