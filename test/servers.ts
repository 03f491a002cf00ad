/** A test's own servers, on free ports of this computer. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BrokerAddress } from '../src/outputs/mqtt/client.ts';

/** The path of Mosquitto, for a PATH without the administrators' folders. */
export const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin`;

export interface MosquittoOptions {
  /** By default, a free one. */
  readonly port?: number;
  /** Whether sessions and retained messages survive a restart. */
  readonly persistence?: boolean;
  /** The user that clients must log in as. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Additional lines of its configuration. */
  readonly lines?: readonly string[];
}

/** A private Mosquitto. */
export interface Mosquitto {
  readonly host: string;
  readonly port: number;
  /** Stops it and waits until it has ended. */
  stop(): Promise<void>;
  /** Kills it. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with the data that it kept. */
  restart(): Promise<void>;
  /** Makes it reload its access list and passwords. */
  reload(): void;
  /** Stops it and removes its files. */
  close(): Promise<void>;
}

/**
 * For a test's `skip`: the reason if Mosquitto is not installed. In CI nothing is skipped; the
 * test fails there.
 */
export function withoutMosquitto(): string | false {
  if (process.env['CI']) return false;
  const { error } = spawnSync('mosquitto', ['-h'], { env: { ...process.env, PATH } });
  return error ? 'Mosquitto is not installed: apt-get install mosquitto' : false;
}

/** Starts a Mosquitto without limits on messages in flight or in queues. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const host = '127.0.0.1';
  const port = options.port ?? (await freePort(host));
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const configuration = join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${port} ${host}`,
    `user ${userInfo().username}`,
    `persistence ${options.persistence === true}`,
    `persistence_location ${folder}/`,
    'log_dest stderr',
    'set_tcp_nodelay true',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    ...(options.lines ?? []),
  ];
  if (options.user) {
    const { name, password } = options.user;
    const file = join(folder, 'passwords');
    const { error } = spawnSync('mosquitto_passwd', ['-b', '-c', file, name, password]);
    if (error) throw error;
    lines.push(`password_file ${file}`);
  }
  lines.push(`allow_anonymous ${options.user === undefined}`);
  writeFileSync(configuration, `${lines.join('\n')}\n`);

  let server = await start(configuration, port).catch((error: unknown) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill(signal);
    await once(server, 'exit');
  };
  return {
    host,
    port,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      server = await start(configuration, port);
    },
    reload: () => void server.kill('SIGHUP'),
    async close() {
      await end('SIGTERM');
      rmSync(folder, { recursive: true });
    },
  };
}

/** Ports for tests: below those that the system assigns by itself. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
let nextPort = PORT_MIN + ((process.pid * 37) % (PORT_MAX - PORT_MIN));

/** Claims of ports: one file each, with the owning process, for all test runs on this computer. */
const CLAIMS = join(tmpdir(), 'enms-simulator-test-ports');
const claimed: number[] = [];
process.on('exit', () => {
  for (const port of claimed) rmSync(join(CLAIMS, String(port)), { force: true });
});

/** A port that nothing listens on, and that no other test process gets until this one ends. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port + 1 < PORT_MAX ? port + 1 : PORT_MIN;
    if (claim(port) && (await isFree(port, host))) return port;
  }
}

/** Claims a port; false if a test process that still runs has it. */
function claim(port: number): boolean {
  const file = join(CLAIMS, String(port));
  try {
    mkdirSync(CLAIMS, { recursive: true });
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    claimed.push(port);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // A process that was killed leaves its claims behind; the next round may have them.
  try {
    process.kill(Number(readFileSync(file, 'utf8')) || process.pid, 0);
  } catch {
    rmSync(file, { force: true });
  }
  return false;
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => resolve(true));
  });
  if (!isListening) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** The options of a sink for a test's own broker. */
export function privateAddress(port: number): BrokerAddress {
  return {
    host: '127.0.0.1',
    port,
    protocol: 'mqtt',
    version: 4,
    username: undefined,
    password: undefined,
    clientId: 'simulator',
    keepaliveS: 60,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
  };
}

async function start(configuration: string, port: number): Promise<ChildProcess> {
  const server = spawn('mosquitto', ['-c', configuration], {
    env: { ...process.env, PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await once(server, 'spawn');
  await mosquittoRuns(server, port);
  return server;
}

/**
 * Settles when a started Mosquitto accepts connections from this computer; its standard error
 * is read. Mosquitto reports that it is running too early, and loses a SIGTERM in between.
 */
export async function mosquittoRuns({ stderr }: ChildProcess, port: number): Promise<void> {
  const said: string[] = [];
  if (!stderr) throw new Error('mosquitto has no output');
  for await (const line of createInterface(stderr)) {
    said.push(line);
    if (!line.endsWith(' running')) continue;
    stderr.resume();
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    socket.end();
    await once(socket, 'close');
    return;
  }
  throw new Error(`mosquitto did not start:\n${said.join('\n')}`);
}
