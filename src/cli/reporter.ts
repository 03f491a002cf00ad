import type { Readable, Writable } from 'node:stream';
import { json } from './columns.ts';

/** The streams of a command: those of the process, or a test's. */
export interface Terminal {
  /** The keyboard, on a terminal. */
  readonly stdin?:
    | (Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown })
    | undefined;
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    /** The size of a terminal, in characters. */
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** A result in each of its forms, made on demand. */
export interface Result {
  /** Its content, for `--json`. */
  readonly content: () => unknown;
  readonly text: () => string;
  /** What `--quiet` leaves of it; nothing, if not given. */
  readonly brief?: () => string;
}

/** Writes what a command reports, in the form that `--json` and `--quiet` ask for. */
export class Reporter implements Terminal {
  readonly stdin: Terminal['stdin'];
  readonly stdout: Terminal['stdout'];
  readonly stderr: Terminal['stderr'];
  /** Whether standard output is for JSON only. */
  readonly isJson: boolean;
  /** Whether to leave out progress, remarks and summaries. */
  readonly isQuiet: boolean;

  constructor({ stdin, stdout, stderr }: Terminal, flags: ReadonlySet<string> = new Set()) {
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.isJson = flags.has('json');
    this.isQuiet = flags.has('quiet');
  }

  /** Writes the result of the command to standard output. */
  report({ content, text, brief = () => '' }: Result): void {
    if (this.isJson) this.stdout.write(json(content()));
    else this.stdout.write(this.isQuiet ? brief() : text());
  }

  /** Writes one of many results to standard output; as JSON, each is a line of its own. */
  reportLine({ content, text }: Pick<Result, 'content' | 'text'>): void {
    if (this.isJson) this.stdout.write(`${JSON.stringify(content())}\n`);
    else if (!this.isQuiet) this.stdout.write(text());
  }
}
