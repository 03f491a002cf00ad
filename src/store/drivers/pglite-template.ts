import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { packageFolder } from '../../package-folder.ts';

/** Small WAL segments: a new one needs little space, and a new database is half as large. */
export const INITDB_PARAMETERS = ['--wal-segsize=1'];

/** Bytes to unpack at a time. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Drops the templates for further databases, which are not needed and hold two thirds of all
 * files.
 */
const DROP_SPARE = [
  'alter database template0 is_template false',
  'drop database template0',
  'alter database template1 is_template false',
  'drop database template1',
  'checkpoint',
];

/**
 * The archive from which a new embedded database is unpacked: creating one from scratch takes
 * seconds and much memory, unpacking takes tenths of a second. The build creates it once per
 * version of PGlite, which its name ends with.
 */
const FOLDER = join(packageFolder, 'dist');
const TEMPLATE = /^database-(.+)\.tar\.gz$/;

/**
 * Unpacks the template into an empty folder. If the build has not created it, nothing happens, and
 * PGlite creates a database from scratch.
 */
export async function unpackTemplate(folder: string): Promise<void> {
  const template = readdirSync(FOLDER).find((name) => TEMPLATE.test(name));
  if (template === undefined) return;
  // PGlite would unpack it through the file system of WebAssembly, three times slower. It is
  // unpacked in memory, because streams would double the time with their many chunks.
  const { default: tar } = await import('tar-stream');
  const archive = tar.extract();
  archive.end(gunzipSync(readFileSync(join(FOLDER, template)), { chunkSize: CHUNK_BYTES }));
  for await (const entry of archive) {
    const { name, type } = entry.header;
    const path = join(folder, name);
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    mkdirSync(type === 'directory' ? path : dirname(path), { recursive: true, mode: 0o700 });
    if (type === 'file') writeFileSync(path, Buffer.concat(chunks), { mode: 0o600 });
  }
}

/** Creates the template of a version of PGlite if it does not exist, and removes others. */
export async function buildTemplate(version: string): Promise<void> {
  const templates = readdirSync(FOLDER).filter((name) => TEMPLATE.test(name));
  const wanted = `database-${version}.tar.gz`;
  for (const name of templates) if (name !== wanted) rmSync(join(FOLDER, name));
  if (templates.includes(wanted)) return;
  const database = await PGlite.create({ initDbStartParams: INITDB_PARAMETERS });
  for (const sql of DROP_SPARE) await database.exec(sql);
  const archive = await database.dumpDataDir('gzip');
  await database.close();
  // Builds may run in parallel, and a partial archive must never have this name.
  const part = join(FOLDER, `${wanted}.${process.pid}`);
  writeFileSync(part, new Uint8Array(await archive.arrayBuffer()));
  renameSync(part, join(FOLDER, wanted));
}
