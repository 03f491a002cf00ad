import { clippedTo } from './columns.ts';
import type { Terminal } from './reporter.ts';

/** The size of a terminal that does not say its own. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

/** Control sequences of xterm: the second screen, and a hidden cursor. */
const OPEN = '\x1b[?1049h\x1b[?25l';
const CLOSE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const END_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** Keys that end it; in raw mode, the terminal sends ctrl-c as a character. */
const ENDING_KEYS = new Set(['q', 'Q', '\x03', '\x04']);

/**
 * The screen of a terminal, drawn again and again in place. However the process ends, the terminal
 * is then as it was before.
 */
export class Screen {
  readonly #terminal: Terminal;
  readonly #onKey: (bytes: Buffer | string) => void;
  #isOpen = true;

  /** @param onEnd - Called when the user wants to end it by a key. */
  constructor(terminal: Terminal, onEnd: () => void) {
    this.#terminal = terminal;
    this.#onKey = (bytes) => {
      if ([...String(bytes)].some((key) => ENDING_KEYS.has(key))) onEnd();
    };
    const { stdin, stdout } = terminal;
    stdout.write(OPEN);
    if (stdin?.isTTY) {
      stdin.setRawMode?.(true);
      stdin.on('data', this.#onKey);
    }
    process.once('exit', this.close);
  }

  /** The lines that fit on it. */
  get rows(): number {
    return this.#terminal.stdout.rows || ROWS_DEFAULT;
  }

  /** Draws lines from the top; those that are too long or too many are cut. */
  draw(lines: readonly string[]): void {
    const width = this.#terminal.stdout.columns || COLUMNS_DEFAULT;
    const drawn = lines.slice(0, this.rows).map((line) => clippedTo(width, line) + END_OF_LINE);
    this.#terminal.stdout.write(HOME + drawn.join('\r\n') + REST_OF_SCREEN);
  }

  /** Gives the terminal back. */
  readonly close = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.close);
    const { stdin, stdout } = this.#terminal;
    if (stdin?.isTTY) {
      stdin.off('data', this.#onKey);
      stdin.setRawMode?.(false);
      stdin.pause();
    }
    stdout.write(CLOSE);
  };
}
