/** A test's own Redis, on a free port of this computer. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './servers.ts';

export interface RedisOptions {
  /** Whether its data survive a restart; by default, they do not. */
  readonly isKept?: boolean;
  /** The password that clients need. */
  readonly password?: string;
  /** By default, a free one. */
  readonly port?: number;
}

/** A private Redis. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Kills it. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with the data that it kept. */
  restart(): Promise<void>;
  /** Stops it and removes its files. */
  close(): Promise<void>;
}

/** For a test's `skip`: the reason if Redis is not installed. Never skipped in CI. */
export function withoutRedis(): string | false {
  if (process.env['CI']) return false;
  const { error } = spawnSync('redis-server', ['--version']);
  return error ? 'Redis is not installed: apt-get install redis-server' : false;
}

/** Starts a Redis. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const { isKept = false, password, port = await freePort() } = options;
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  words.push('--appendonly', isKept ? 'yes' : 'no', '--appendfsync', 'always');
  if (password !== undefined) words.push('--requirepass', password);
  let server = await start(words);
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async restart() {
      server = await start(words);
    },
    async close() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Settles when it reports that it is running. */
async function start(words: readonly string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(server, 'spawn');
  const said: string[] = [];
  for await (const line of createInterface(server.stdout)) {
    said.push(line);
    if (/Ready to accept connections/.test(line)) {
      server.stdout.resume();
      return server;
    }
  }
  throw new Error(`Redis did not start:\n${said.join('\n')}`);
}
