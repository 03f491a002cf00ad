import type pg from 'pg';

/** A PostgreSQL server, by its parts or by one URL. */
export type DatabaseServer =
  | { readonly connectionString: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string | undefined;
      readonly password: string | undefined;
      readonly database: string;
    };

/** The driver's connection settings. */
export function clientConfig(server: DatabaseServer) {
  if ('connectionString' in server) return server;
  const { host, port, database, user, password } = server;
  return {
    host,
    port,
    database,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
  } satisfies pg.ClientConfig;
}
