import type { Log } from '../runtime/log.ts';
import { PROGRAM } from './command-line.ts';
import type { Reporter } from './reporter.ts';

/** Shortest interval between updates [ms]: on a terminal, and in a pipe. */
const TERMINAL_MS = 200;
const PIPE_MS = 60_000;
const BAR_CELLS = 24;

/**
 * Shows the progress of long work on standard error: a bar on a terminal, a line per minute in a
 * pipe. Lines written through it do not collide with the bar.
 */
export class ProgressLine {
  /** A log whose lines go to standard error; a quiet one has warnings only. */
  readonly log: Log;
  readonly #reporter: Reporter;
  readonly #output: Reporter['stderr'];
  readonly #unit: string;
  readonly #startMs: number;
  readonly #nowMs: () => number;
  #shownMs: number;
  #startCount: number | undefined;

  /** @param unit - What is counted. */
  constructor(reporter: Reporter, unit = 'rows', nowMs: () => number = () => performance.now()) {
    const { stderr, isQuiet } = reporter;
    this.#reporter = reporter;
    this.#output = stderr;
    this.#unit = unit;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    this.#shownMs = stderr.isTTY ? Number.NEGATIVE_INFINITY : this.#startMs;
    const write = (fields: { readonly reason?: string }, message: string) =>
      this.say(`${PROGRAM}: ${message}${fields.reason === undefined ? '' : ` (${fields.reason})`}`);
    this.log = { info: isQuiet ? () => {} : write, warn: write };
  }

  /** Updates the progress; what the first call counts was done before the start. */
  show(done: number, all: number): void {
    if (this.#reporter.isQuiet) return;
    this.#startCount ??= done;
    const nowMs = this.#nowMs();
    if (nowMs - this.#shownMs < (this.#output.isTTY ? TERMINAL_MS : PIPE_MS)) return;
    this.#shownMs = nowMs;
    const unit = this.#unit;
    const share = all > 0 ? Math.min(1, done / all) : 1;
    const seconds = (nowMs - this.#startMs) / 1000;
    const perS = seconds > 0 ? (done - this.#startCount) / seconds : 0;
    const text =
      `${Math.floor(100 * share)} %  ${count(done)} of ${count(all)} ${unit}  ` +
      `${perS >= 1 ? `${count(perS)} ${unit}/s  ` : ''}` +
      `${perS > 0 ? `${span((all - done) / perS)} left` : ''}`;
    const cells = Math.floor(BAR_CELLS * share);
    const bar = `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`;
    this.#output.write(this.#output.isTTY ? `\r\x1b[K${bar} ${text}` : `${text.trimEnd()}\n`);
  }

  /** Writes a line to standard error. */
  say(line: string): void {
    this.end();
    this.#output.write(`${line}\n`);
  }

  /** Reports the result. @param content - The same for `--json`. */
  result(line: string, content: object): void {
    this.end();
    this.#reporter.report({ content: () => content, text: () => `${line}\n` });
  }

  /** Clears the line of the bar. */
  end(): void {
    if (this.#output.isTTY && !this.#reporter.isQuiet) this.#output.write('\r\x1b[K');
  }
}

/**
 * Does work with a progress line, which is cleared at the end.
 *
 * @param remarks - Written to standard error first.
 * @param unit - What is counted.
 */
export async function withProgress<T>(
  reporter: Reporter,
  remarks: readonly string[],
  work: (progress: ProgressLine) => T | Promise<T>,
  unit?: string,
): Promise<T> {
  const progress = new ProgressLine(reporter, unit);
  if (!reporter.isQuiet) for (const remark of remarks) progress.say(remark);
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
