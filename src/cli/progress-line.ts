import type { Log } from '../runtime/log.ts';
import type { Terminal } from './command.ts';
import { PROGRAM } from './command-line.ts';

/** Shortest interval between updates [ms]: on a terminal, and in a pipe. */
const TERMINAL_MS = 200;
const PIPE_MS = 60_000;
const BAR_CELLS = 24;

/**
 * Shows the progress in rows on standard error: a bar on a terminal, a line per minute in a pipe.
 * Lines written through it do not collide with the bar.
 */
export class ProgressLine {
  /** A log whose lines go to standard error. */
  readonly log: Log;
  readonly #result: Terminal['stdout'];
  readonly #output: Terminal['stderr'];
  readonly #startMs: number;
  readonly #nowMs: () => number;
  #shownMs: number;
  #startRows: number | undefined;

  constructor({ stdout, stderr }: Terminal, nowMs: () => number = () => performance.now()) {
    this.#result = stdout;
    this.#output = stderr;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    this.#shownMs = stderr.isTTY ? Number.NEGATIVE_INFINITY : this.#startMs;
    const write = (fields: { readonly reason?: string }, message: string) =>
      this.say(`${PROGRAM}: ${message}${fields.reason === undefined ? '' : ` (${fields.reason})`}`);
    this.log = { info: write, warn: write };
  }

  /** Updates the progress; rows of the first call count as done before the start. */
  show(rows: number, allRows: number): void {
    this.#startRows ??= rows;
    const nowMs = this.#nowMs();
    if (nowMs - this.#shownMs < (this.#output.isTTY ? TERMINAL_MS : PIPE_MS)) return;
    this.#shownMs = nowMs;
    const share = allRows > 0 ? Math.min(1, rows / allRows) : 1;
    const seconds = (nowMs - this.#startMs) / 1000;
    const perS = seconds > 0 ? (rows - this.#startRows) / seconds : 0;
    const text =
      `${Math.floor(100 * share)} %  ${count(rows)} of ${count(allRows)} rows  ` +
      `${count(perS)} rows/s  ${perS > 0 ? `${span((allRows - rows) / perS)} left` : ''}`;
    const cells = Math.floor(BAR_CELLS * share);
    const bar = `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`;
    this.#output.write(this.#output.isTTY ? `\r\x1b[K${bar} ${text}` : `${text.trimEnd()}\n`);
  }

  /** Writes a line to standard error. */
  say(line: string): void {
    this.end();
    this.#output.write(`${line}\n`);
  }

  /** Writes the result to standard output. */
  result(line: string): void {
    this.end();
    this.#result.write(`${line}\n`);
  }

  /** Clears the line of the bar. */
  end(): void {
    if (this.#output.isTTY) this.#output.write('\r\x1b[K');
  }
}

/**
 * Does work with a progress line, which is cleared at the end.
 *
 * @param remarks - Written to standard error first.
 */
export async function withProgress<T>(
  terminal: Terminal,
  remarks: readonly string[],
  work: (progress: ProgressLine) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine(terminal);
  for (const remark of remarks) progress.say(remark);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

/** Formats a number of rows: `1.24 M`. */
export function count(rows: number): string {
  if (rows >= 1e6) return `${(rows / 1e6).toFixed(2)} M`;
  return rows >= 1e3 ? `${(rows / 1e3).toFixed(1)} k` : String(Math.round(rows));
}

/** Formats a length of time: `1 h 05 min`, `3 min 20 s`, `12 s`. */
export function span(lengthS: number): string {
  const seconds = Math.max(0, Math.round(lengthS));
  const two = (part: number) => String(part).padStart(2, '0');
  if (seconds >= 3600)
    return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s` : `${seconds} s`;
}
