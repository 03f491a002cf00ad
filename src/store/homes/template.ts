import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';

/** Small segments: a new one needs little room, and a new database is half as large. */
const INITDB_PARAMETERS = ['--wal-segsize=1'];

/**
 * What a new embedded database begins as, an archive beside this module. To make one anew takes
 * seconds and much memory, to unpack this one tenths of a second; so the build makes it, once for
 * each version of PGlite.
 */
const TEMPLATE = fileURLToPath(new URL(`./database-${pgliteVersion()}.tar.gz`, import.meta.url));

/** How PGlite makes a new database: from the template, or anew where the build has not made it. */
export function newDatabaseOptions() {
  return {
    initDbStartParams: INITDB_PARAMETERS,
    ...(existsSync(TEMPLATE) && { loadDataDir: new Blob([readFileSync(TEMPLATE)]) }),
  };
}

/** Makes the template, unless it is there. */
export async function buildTemplate(): Promise<void> {
  if (existsSync(TEMPLATE)) return;
  const database = await PGlite.create({ initDbStartParams: INITDB_PARAMETERS });
  const archive = await database.dumpDataDir('gzip');
  await database.close();
  // Builds may run side by side, and half an archive must never have its name.
  const part = `${TEMPLATE}.${process.pid}`;
  writeFileSync(part, new Uint8Array(await archive.arrayBuffer()));
  renameSync(part, TEMPLATE);
}

function pgliteVersion(): string {
  const main = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const description = readFileSync(join(dirname(main), '..', 'package.json'), 'utf8');
  return (JSON.parse(description) as { version: string }).version;
}
