import type { Terminal } from './command.ts';

/** A terminal is drawn anew at most so often [ms]; a pipe gets a line a minute. */
const TERMINAL_MS = 200;
const PIPE_MS = 60_000;
const BAR_CELLS = 24;

/**
 * Shows on standard error how far rows have come: a bar on a terminal, a line a minute in a pipe.
 * Lines that are written through it do not run into the bar.
 */
export class ProgressLine {
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
  }

  /** Takes how many rows are done, of how many; rows of the first call were there before. */
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

  /** Writes a line on standard error. */
  say(line: string): void {
    this.end();
    this.#output.write(`${line}\n`);
  }

  /** Writes what came of it, on standard output. */
  result(line: string): void {
    this.end();
    this.#result.write(`${line}\n`);
  }

  /** Leaves the line that the bar stood on empty. */
  end(): void {
    if (this.#output.isTTY) this.#output.write('\r\x1b[K');
  }
}

/** A number of rows as people read it: `1.24 M`. */
export function count(rows: number): string {
  if (rows >= 1e6) return `${(rows / 1e6).toFixed(2)} M`;
  return rows >= 1e3 ? `${(rows / 1e3).toFixed(1)} k` : String(Math.round(rows));
}

/** A length of time as people read it: `1 h 05 min`, `3 min 20 s`, `12 s`. */
export function span(lengthS: number): string {
  const seconds = Math.max(0, Math.round(lengthS));
  const two = (part: number) => String(part).padStart(2, '0');
  if (seconds >= 3600)
    return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s` : `${seconds} s`;
}
