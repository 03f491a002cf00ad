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
} as const;

/** Stores readings in the tables of an EnMS, in the database server of the store. */
export const postgres = {
  name: 'postgres',
  title: 'Store',
  variables,
  // A database needs no pacing.
  isPaced: false,
  isShared: false,
  configure({ SINK_POSTGRES: isWanted }, { database, fault }) {
    // The embedded database is only for the simulator's own kilobytes.
    if (isWanted && !database)
      fault('SINK_POSTGRES', 'true needs a server: POSTGRES_HOST or DATABASE_URL');
    return isWanted ? database : undefined;
  },
  async open(server, { log, watermarkSql }) {
    const { PostgresSink } = await import('./sink.ts');
    const { name } = this;
    const sink = new PostgresSink({
      server: clientConfig(server),
      ...(watermarkSql && { watermarkSql: (timeMs) => watermarkSql(name, timeMs) }),
      onRemark: (remark) => log.warn({ sink: name }, remark),
    });
    return { sinks: [sink], address: sink.address };
  },
} satisfies Output<typeof variables, DatabaseServer>;
