/** A private PostgreSQL, accessed with its own `psql` through a socket in the test's folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where Debian installs the servers, one folder per major version. */
const VERSIONS = '/usr/lib/postgresql';

/** Runs SQL in an empty database. */
export interface PrivatePostgres {
  /**
   * Runs statements.
   *
   * @returns The rows of the last one, each as a record of texts; '' is null.
   * @throws Error with the server's message.
   */
  query(sql: string): Record<string, string>[];
  close(): Promise<void>;
}

/** The folder of the newest server's programs, if one is installed. */
function binaries(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest && join(VERSIONS, newest, 'bin');
}

/**
 * For a test's `skip`: the reason if PostgreSQL is not installed. In CI nothing is skipped; the
 * test fails there.
 */
export function withoutPostgres(): string | false {
  if (process.env['CI'] || binaries()) return false;
  return 'PostgreSQL is not installed: apt-get install postgresql';
}

/** PostgreSQL refuses to run as root; root runs it as the user of its package. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres']));
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts a server with an empty database. */
export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  const bin = binaries();
  if (!bin) throw new Error(`there is no PostgreSQL in ${VERSIONS}`);
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  const user = unprivileged();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid);
  const cluster = join(folder, 'cluster');
  const init = ['-D', cluster, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-sync'];
  execFileSync(join(bin, 'initdb'), [...init, '--locale=C'], {
    ...user,
    stdio: 'pipe',
    cwd: folder,
  });
  const words = ['-D', cluster, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'];
  const server = spawn(join(bin, 'postgres'), words, {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await ready(server);
  return {
    query: (sql) => {
      const options = [
        '-X',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        '--csv',
        '-h',
        folder,
        '-U',
        'postgres',
      ];
      const output = execFileSync(join(bin, 'psql'), [...options, 'postgres'], {
        input: sql,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      return recordsOf(output);
    },
    async close() {
      // An immediate shutdown: there are no clients, and the files are not kept.
      server.kill('SIGQUIT');
      if (server.exitCode === null) await once(server, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

async function ready({ stderr }: ChildProcess): Promise<void> {
  const said: string[] = [];
  if (!stderr) throw new Error('the server has no output');
  for await (const line of createInterface(stderr)) {
    said.push(line);
    if (line.includes('database system is ready to accept connections'))
      return void stderr.resume();
  }
  throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
}

/** Records of comma-separated lines, the first of which names the columns; no text has a comma. */
function recordsOf(csv: string): Record<string, string>[] {
  const [head = '', ...rows] = csv.trimEnd().split('\n');
  const names = head.split(',');
  return rows.map((row) => {
    const values = row.split(',');
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
  });
}
