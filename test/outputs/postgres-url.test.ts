/** The URL of a database, as libpq reads it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import pg from 'pg';
import { connect, disconnect } from '../../src/outputs/postgres/connection.ts';
import { settingsOf, urlFaults } from '../../src/outputs/postgres/url.ts';
import { PostgresDatabase } from '../../src/store/drivers/postgres.ts';
import { SessionLock } from '../../src/store/locks/session-lock.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';

test('unsupported libpq parameters are reported without secrets', () => {
  const faults = (query: string) => urlFaults(`postgres://me:s3cret@db/enms?${query}`);
  assert.deepEqual(
    faults('sslmode=require&application_name=x&connect_timeout=5&options=-cx%3D1'),
    [],
  );
  assert.deepEqual(
    faults('target_session_attrs=any&channel_binding=prefer&gssencmode=disable'),
    [],
  );
  assert.deepEqual(faults('sslmode=always&passfile=/x&sslmod=1&s3cret=1&connect_timeout=soon'), [
    'sslmode=always is not supported; accepted are disable, allow, prefer, require, verify-ca, ' +
      'verify-full, no-verify',
    'the parameter passfile is not supported',
    'a parameter is unknown; did you mean sslmode?',
    'a parameter is unknown',
    'connect_timeout is not a whole number',
  ]);
  assert.deepEqual(faults('channel_binding=require&target_session_attrs=read-write'), [
    'channel_binding=require is not supported; accepted are prefer, disable',
    'target_session_attrs=read-write is not supported; accepted are any',
  ]);
  assert.deepEqual(faults('sslmode=verify-ca'), ['sslmode=verify-ca needs sslrootcert']);
  assert.deepEqual(faults('sslrootcert=/nowhere/root.crt'), [
    'sslrootcert: /nowhere/root.crt cannot be read (ENOENT)',
  ]);
  assert.deepEqual(urlFaults('postgres://me:100%@db/enms'), [
    'the password has a % that stands for nothing; write %25',
  ]);
  assert.deepEqual(urlFaults('postgres://a,b/enms'), [
    'several hosts are not supported; name one of them',
  ]);
});

test('a URL configures the driver by its parts or by parameters', () => {
  const of = (connectionString: string) => settingsOf({ connectionString });
  assert.deepEqual(
    of('postgresql://me:p%40ss@[::1]:6543/a%20b?application_name=x&connect_timeout=3'),
    {
      host: '::1',
      port: 6543,
      user: 'me',
      password: 'p@ss',
      database: 'a b',
      application_name: 'x',
      connectionTimeoutMillis: 3000,
    },
  );
  assert.deepEqual(
    of('postgres:///?host=/run/postgresql&dbname=enms&user=me&options=-csearch_path%3Dx'),
    {
      host: '/run/postgresql',
      user: 'me',
      database: 'enms',
      options: '-csearch_path=x',
    },
  );
});

describe('on a real server', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const root = join(folder, 'root.crt');
  const other = join(folder, 'other.crt');
  before(async () => {
    postgres = await startPostgres();
    const query = async (sql: string) => {
      const client = new pg.Client(postgres.server());
      await client.connect();
      const { rows } = await client.query(sql);
      await client.end();
      return rows[0];
    };
    const { hba_file: hba } = await query('show hba_file');
    const data = dirname(hba);
    // With another name than the address of the connection.
    certificate('elsewhere.example', root, join(data, 'server.key'));
    certificate('other.example', other, join(folder, 'other.key'));
    writeFileSync(join(data, 'server.crt'), readFileSync(root));
    const { uid, gid } = statSync(hba);
    for (const name of ['server.key', 'server.crt']) chownSync(join(data, name), uid, gid);
    chmodSync(join(data, 'server.key'), 0o600);
    for (const name of ['only_tls', 'only_plain']) await query(`create database ${name}`);
    writeFileSync(
      hba,
      `hostssl only_tls all all trust
       hostnossl only_plain all all trust
       host only_tls,only_plain all all reject
       host all all all trust`,
    );
    await query('alter system set ssl = on');
    await query('select pg_reload_conf()');
  });
  after(async () => {
    await postgres.close();
    rmSync(folder, { recursive: true });
  });

  function certificate(name: string, crt: string, key: string): void {
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const names = [
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=DNS:${name}`,
    ];
    execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', crt], { stdio: 'ignore' });
  }

  /** Whether the connection is encrypted, or why it failed. */
  async function tlsOf(query: string, database: string): Promise<boolean | string> {
    const { host, port } = postgres;
    const connectionString = `postgres://simulator@${host}:${port}/${database}?${query}`;
    try {
      const client = await connect({ connectionString });
      const { rows } = await client.query(
        'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
      );
      disconnect(client);
      return rows[0].ssl;
    } catch (error) {
      return (error as Error).message.replace(/^.*?\((.*)\)$/, '$1');
    }
  }

  const NO_ENTRY = /^no pg_hba|^pg_hba.conf rejects/;

  test('each sslmode means what it means to libpq', async () => {
    const refused = async (query: string, database: string, why: RegExp) =>
      assert.match(String(await tlsOf(query, database)), why, `${query} ${database}`);
    const connects = async (query: string, database: string, tls: boolean) =>
      assert.equal(await tlsOf(query, database), tls, `${query} ${database}`);
    await connects('sslmode=disable', 'postgres', false);
    await refused('sslmode=disable', 'only_tls', NO_ENTRY);
    await connects('sslmode=allow', 'postgres', false);
    await connects('sslmode=allow', 'only_tls', true);
    for (const mode of ['sslmode=prefer', '']) {
      await connects(mode, 'postgres', true);
      await connects(mode, 'only_plain', false);
      await connects(mode, 'only_tls', true);
    }
    await connects('sslmode=require', 'postgres', true);
    await refused('sslmode=require', 'only_plain', NO_ENTRY);
    await connects(`sslmode=require&sslrootcert=${root}`, 'postgres', true);
    await refused(
      `sslmode=require&sslrootcert=${other}`,
      'postgres',
      /self-signed|self signed|verify/,
    );
    await connects(`sslmode=verify-ca&sslrootcert=${root}`, 'postgres', true);
    await refused(
      `sslmode=verify-ca&sslrootcert=${other}`,
      'postgres',
      /self-signed|self signed|verify/,
    );
    await refused(`sslmode=verify-full&sslrootcert=${root}`, 'postgres', /altnames|Host: /);
    await refused('sslmode=verify-full', 'postgres', /self-signed|self signed/);
  });

  test('the store connects in the same ways', async () => {
    const { host, port } = postgres;
    const locks: SessionLock[] = [];
    for (const [mode, name, tls] of [
      ['allow', 'only_tls', true],
      ['prefer', 'only_plain', false],
      ['require', 'only_tls', true],
    ] as const) {
      const server = {
        connectionString: `postgres://simulator@${host}:${port}/${name}?sslmode=${mode}`,
      };
      const database = new PostgresDatabase(server);
      assert.equal(database.location, `the database ${name} at ${host}:${port}`);
      const sql = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
      const answers = await Promise.all([1, 2, 3].map(() => database.query(sql)));
      assert.deepEqual(answers.flat(), [{ ssl: tls }, { ssl: tls }, { ssl: tls }]);
      await database.close();
      const lock = await SessionLock.acquire(server, { info() {}, warn() {} }, { isShared: true });
      assert.equal(lock.isOwner, true);
      locks.push(lock);
    }
    for (const lock of locks) await lock.release();
  });

  test('a server without TLS is accepted with prefer, not with require', async () => {
    const client = new pg.Client(postgres.server());
    await client.connect();
    await client.query('alter system set ssl = off');
    await client.query('select pg_reload_conf()');
    await client.end();
    assert.equal(await tlsOf('sslmode=prefer', 'postgres'), false);
    assert.equal(await tlsOf('sslmode=allow', 'postgres'), false);
    assert.equal(
      await tlsOf('sslmode=require', 'postgres'),
      'The server does not support SSL connections',
    );
  });
});
