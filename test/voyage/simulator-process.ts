/** The built simulator as its users run it: in its own process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { MAIN } from '../main-program.ts';
import { freePort } from '../servers.ts';
import { News } from './news.ts';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly api?: { readonly host: string; readonly port: number };
}

/** All started processes; a failing test leaves one behind. */
const processes: SimulatorProcess[] = [];
const folders: string[] = [];

after(async () => {
  for (const process of processes) await process.kill();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed when all tests of the file are over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  folders.push(folder);
  return folder;
}

/** Ports of a simulator with an embedded broker. */
export async function freePorts(): Promise<{ API_PORT: string; MQTT_PORT: string }> {
  return { API_PORT: String(await freePort()), MQTT_PORT: String(await freePort()) };
}

export class SimulatorProcess {
  readonly log: LogLine[] = [];
  errors = '';
  /** The exit code, once all output has arrived; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  hasEnded = false;
  readonly child: ChildProcess;
  readonly #news = new News();

  /**
   * Starts one with only these variables; `DATA_DIR` is a new folder if not given.
   *
   * @param words - Its command line.
   */
  constructor(env: Readonly<Record<string, string>>, words: readonly string[] = []) {
    const { DATA_DIR = newFolder() } = env;
    this.child = spawn(process.execPath, [MAIN, ...words], {
      // A folder without an .env file.
      cwd: newFolder(),
      env: { PATH: process.env['PATH'] ?? '', ...env, DATA_DIR },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.child as ChildProcess & { stdout: Socket; stderr: Socket };
    createInterface(stdout).on('line', (line) => {
      this.log.push(JSON.parse(line) as LogLine);
      this.#news.notify();
    });
    stderr.on('data', (chunk) => {
      this.errors += chunk;
    });
    processes.push(this);
    this.ended = once(this.child, 'close').then(([code]) => {
      this.hasEnded = true;
      this.#news.notify();
      return code as number | null;
    });
  }

  /** Waits for a line of the log, unless it is already among those from `first` on. */
  async logged(message: RegExp, first = 0): Promise<LogLine> {
    for (;;) {
      const line = this.log.slice(first).find(({ msg }) => message.test(msg));
      if (line) return line;
      if (this.hasEnded) throw new Error(`it ended without saying ${message}: ${this.errors}`);
      await this.#news.next();
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Kills it. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to stop. @returns The exit code. */
  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }
}
