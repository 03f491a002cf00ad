/** A test's own PostgreSQL, on a free port of this computer. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { freePort } from './servers.ts';

/** Where distributions install the programs of each version. */
const VERSIONS = '/usr/lib/postgresql';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Tests cause no power failures, and the operating system keeps its buffers after a kill.
  fsync: 'off',
  shared_buffers: '64MB',
  max_connections: '50',
  lc_messages: 'C',
};

export interface PostgresOptions {
  /** More settings of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A private PostgreSQL. Its one user is `simulator`, who needs no password. */
export interface Postgres {
  readonly host: string;
  readonly port: number;
  /** Connection settings of its database `postgres`, or of another one. */
  server(database?: string): pg.ClientConfig & { readonly database: string };
  /** Creates an empty database with a new name. */
  newDatabase(): Promise<pg.ClientConfig & { readonly database: string }>;
  /** Shuts it down in order, which disconnects all clients. */
  stop(): Promise<void>;
  /** Kills all its processes. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with its committed data. */
  restart(): Promise<void>;
  /** Stops it and removes its files. */
  close(): Promise<void>;
}

function programs(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number) : [];
  const latest = versions.filter((version) => version >= 14).sort((a, b) => b - a)[0];
  return latest === undefined ? undefined : join(VERSIONS, String(latest), 'bin');
}

/** For a test's `skip`: the reason if PostgreSQL is not installed. Never skipped in CI. */
export function withoutPostgres(): string | false {
  if (process.env['CI'] || programs()) return false;
  return 'PostgreSQL is not installed: apt-get install postgresql';
}

/** Creates a cluster in its own folder and starts it. */
export async function startPostgres({ settings = {} }: PostgresOptions = {}): Promise<Postgres> {
  const host = '127.0.0.1';
  const port = await freePort(host);
  const user = unprivileged();
  const folder = newFolder(user);
  const data = join(folder, 'data');
  const bin = programs() as string;
  execFileSync('cp', ['-a', newCluster(bin, user), data]);
  const given = Object.entries({ ...SETTINGS, ...settings, port }).map(([k, v]) => `-c${k}=${v}`);
  const start = () =>
    started(
      spawn(join(bin, 'postgres'), ['-D', data, ...given], {
        ...user,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
        // A process group, so that a kill reaches all of them.
        detached: true,
      }),
    );
  let postmaster = await start();
  const end = async (signal: (pid: number) => void) => {
    if (postmaster.exitCode !== null || postmaster.signalCode !== null) return;
    // They are gone only when all of them have closed the output.
    const closed = once(postmaster, 'close');
    signal(postmaster.pid as number);
    await closed;
  };
  const stop = () => end((pid) => process.kill(pid, 'SIGINT'));
  const server = (database = 'postgres') => ({ host, port, user: 'simulator', database });
  let databases = 0;
  return {
    host,
    port,
    server,
    async newDatabase() {
      const database = `test_${++databases}`;
      const client = new pg.Client(server());
      await client.connect();
      await client.query(`create database ${database}`);
      await client.end();
      return server(database);
    },
    stop,
    kill: () => end((pid) => process.kill(-pid, 'SIGKILL')),
    async restart() {
      postmaster = await start();
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A cluster that was just made, to be copied; the first to ask after a build makes it. */
function newCluster(bin: string, user: User | undefined): string {
  const made = join(import.meta.dirname, `postgres-${basename(dirname(bin))}`);
  if (existsSync(made)) return made;
  const folder = newFolder(user);
  const data = join(folder, 'data');
  const initdb = ['-D', data, '-U', 'simulator', '--auth=trust', '-E', 'UTF8', '--no-sync'];
  execFileSync(join(bin, 'initdb'), initdb, { ...user, cwd: folder, stdio: 'ignore' });
  // Others may be making it, too, and half a copy must never have its name.
  const part = `${made}.${process.pid}`;
  execFileSync('cp', ['-a', data, part]);
  rmSync(folder, { recursive: true });
  try {
    renameSync(part, made);
  } catch (error) {
    if (!existsSync(made)) throw error;
    rmSync(part, { recursive: true });
  }
  return made;
}

/** A folder for a server's files. */
function newFolder(user: User | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** The environment of a simulator that uses a server. */
export function environmentOf(server: pg.ClientConfig): Record<string, string> {
  return {
    POSTGRES_HOST: String(server.host),
    POSTGRES_PORT: String(server.port),
    POSTGRES_USER: String(server.user),
    POSTGRES_DB: String(server.database),
  };
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root in a container: it gets an unprivileged user. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Settles when it reports that it is running. */
async function started(postmaster: ChildProcess): Promise<ChildProcess> {
  const said: string[] = [];
  const output = postmaster.stderr as NonNullable<ChildProcess['stderr']>;
  for await (const line of createInterface(output)) {
    said.push(line);
    if (line.endsWith('database system is ready to accept connections')) {
      output.resume();
      return postmaster;
    }
  }
  throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
}
