/** The program in its own process, as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { after } from 'node:test';
import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/reporter.ts';
import { MAIN } from '../main-program.ts';

/** A folder for a test file, removed after its tests. */
export function freshDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), 'enms-program-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One run of the program. */
export class Program {
  stdout = '';
  stderr = '';
  /** Settles with the exit code when the program has ended and all its output has been read. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #wake: () => void = () => {};

  /** Starts the program; it never outlives the tests of the file. */
  constructor(words: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, [MAIN, ...words], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.on('data', (text) => {
      this.stdout += text;
      this.#wake();
    });
    child.stderr.on('data', (text) => {
      this.stderr += text;
      this.#wake();
    });
    this.ended = once(child, 'close').then(([code]) => {
      this.#wake();
      return code as number | null;
    });
    after(() => child.kill('SIGKILL'));
  }

  /** Waits for some output; fails if the program ends before. */
  async said(what: RegExp): Promise<void> {
    while (!what.test(this.stdout + this.stderr)) {
      const { stdout, stderr } = this.#child as { stdout: Readable; stderr: Readable };
      if (stdout.closed && stderr.closed)
        throw new Error(`it ended without saying ${what}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** The output of a program that has ended, and its exit code. */
export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Streams that record their output. @param isTTY - Whether they say that they are a terminal's. */
export function paper(
  isTTY = false,
): Terminal & { readonly said: { stdout: string; stderr: string } } {
  const said = { stdout: '', stderr: '' };
  const page = (name: keyof typeof said) =>
    Object.assign(
      new Writable({
        write(bytes, _encoding, done) {
          said[name] += bytes;
          done();
        },
      }),
      { isTTY },
    );
  return { stdout: page('stdout'), stderr: page('stderr'), said };
}

/**
 * Runs the program in this process, which saves the start of another one: for commands that
 * end by themselves. It shares the working directory and the variables with the tests of the file,
 * so these run one after the other.
 */
export async function run(
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  terminal = paper(),
): Promise<Run> {
  const before = { cwd: process.cwd(), env: process.env };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const listeners = signals.map((signal) => process.listeners(signal));
  process.chdir(cwd);
  process.env = { ...env };
  try {
    const status = await runProgram(words, terminal);
    return { status, ...terminal.said };
  } finally {
    process.chdir(before.cwd);
    process.env = before.env;
    for (const [i, signal] of signals.entries())
      for (const listener of process.listeners(signal))
        if (!listeners[i]?.includes(listener)) process.off(signal, listener);
  }
}
