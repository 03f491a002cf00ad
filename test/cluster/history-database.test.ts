/** A window that a cluster stores in the tables of a database. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loginOf } from '../../src/cluster/history/worker.ts';
import { run } from '../cli/program.ts';
import { Enms } from '../outputs/enms.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { withoutRedis } from '../redis.ts';
import { HistoryCluster } from './history-cluster.ts';

const SECRET = 'hunter2-hunter2';
const WINDOW = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-14T16:00Z'];
const cluster = new HistoryCluster();

describe('a window for a database', {
  skip: withoutRedis() || withoutPostgres(),
}, () => {
  let postgres: Postgres;
  before(async () => {
    await cluster.begin();
    postgres = await startPostgres();
  });
  after(async () => {
    await postgres.close();
    await cluster.end();
  });

  it('is stored by workers as by a single process, without its password in Redis', async () => {
    const contents: object[] = [];
    await cluster.worker({ PGPASSWORD: SECRET });
    for (const more of [[], ['--cluster']]) {
      const { user, host, port, database } = await postgres.newDatabase();
      const url = `postgres://${user}:${SECRET}@${host}:${port}/${database}`;
      const words = ['generate', ...WINDOW, '--postgres', url, ...more];
      const program = run(words, cluster.cwd, cluster.env);
      if (more.length > 0) {
        const keys = async () => cluster.client.keys('test:history-order:*');
        while ((await keys()).length === 0) await cluster.client.ping();
        const order = (await keys()).find((key) => key.split(':').length === 3) as string;
        const work = await cluster.client.hgetBuffer(order, 'work');
        const { gunzipSync } = await import('node:zlib');
        const description = gunzipSync(work as Buffer).toString();
        assert.ok(
          description.includes(`postgres://${user}@${host}:${port}/${database}`),
          description,
        );
        assert.ok(!description.includes(SECRET));
      }
      const { status, stdout, stderr } = await program;
      assert.equal(status, 0, stderr);
      assert.match(stdout, /: 82\.1 k rows, \d+ s$/m);
      contents.push(await new Enms({ user, host, port, database }).contents());
    }
    assert.deepEqual(contents[1], contents[0]);
  });

  it('is reached by a worker with its own settings if it is its own database, otherwise by the URL', () => {
    const url = 'postgres://me@db:5432/enms';
    const own = { connectionString: 'postgres://other:secret@db/enms' };
    assert.equal(loginOf(url, own), own);
    const elsewhere = { connectionString: 'postgres://other:secret@db/other' };
    assert.deepEqual(loginOf(url, elsewhere), { connectionString: url });
    assert.deepEqual(loginOf(url, undefined), { connectionString: url });
  });
});
