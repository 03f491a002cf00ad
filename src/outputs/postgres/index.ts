import { FLAG } from '../../schema/value-type.ts';
import { variable } from '../../schema/variable.ts';
import type { Output } from '../output.ts';
import { clientConfig, type DatabaseServer } from './server.ts';

const variables = {
  SINK_POSTGRES: variable(
    FLAG,
    'false',
    'Whether readings are also stored in the PostgreSQL server.',
  ),
  SINK_POSTGRES_EXPECTED: variable(
    FLAG,
    'false',
    'Whether readings without any anomaly are stored in the server, in tables of the schema ' +
      'expected.',
  ),
} as const;

/** What is stored, and where. */
export interface PostgresOptions {
  readonly server: DatabaseServer;
  readonly isActualWanted: boolean;
  readonly isExpectedWanted: boolean;
}

/** Stores readings in the tables of an EnMS, in the database server of the store. */
export const postgres = {
  name: 'postgres',
  title: 'Store',
  variables,
  // A database needs no pacing.
  isPaced: false,
  isShared: false,
  configure(
    { SINK_POSTGRES: isActualWanted, SINK_POSTGRES_EXPECTED: isExpectedWanted },
    { database, isCluster, fault },
  ) {
    // The embedded database is only for the simulator's own kilobytes.
    const needed = 'true needs a server: POSTGRES_HOST or DATABASE_URL';
    if (isActualWanted && !database) fault('SINK_POSTGRES', needed);
    if (isExpectedWanted && !database) fault('SINK_POSTGRES_EXPECTED', needed);
    if (isExpectedWanted && isCluster)
      fault('SINK_POSTGRES_EXPECTED', 'true is not possible in a live cluster');
    if (!database || !(isActualWanted || isExpectedWanted)) return undefined;
    return { server: database, isActualWanted, isExpectedWanted };
  },
  async open({ server, isActualWanted, isExpectedWanted }, { log, watermarkSql }) {
    const { ACTUAL, EXPECTED, PostgresSink } = await import('./sink.ts');
    const sinkOf = (name: string) =>
      new PostgresSink({
        server: clientConfig(server),
        ...(watermarkSql && { watermarkSql: (timeMs) => watermarkSql(name, timeMs) }),
        onRemark: (remark) => log.warn({ sink: name }, remark),
        isExpected: name === EXPECTED,
      });
    const sinks = [
      ...(isActualWanted ? [sinkOf(ACTUAL)] : []),
      ...(isExpectedWanted ? [sinkOf(EXPECTED)] : []),
    ];
    const address = sinks[0]?.address;
    return { sinks, ...(address !== undefined && { address }) };
  },
} satisfies Output<typeof variables, PostgresOptions>;
