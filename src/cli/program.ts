import { ConfigError } from '../core/errors.ts';
import { version } from '../runtime/version.ts';
import { type Commands, PROGRAM, runCommandLine } from './command-line.ts';
import type { Terminal } from './reporter.ts';

/** Most errors shown; if there are more, fix these first. */
const FAULTS_SHOWN = 100;

/** The commands; the code of each is loaded on demand. */
export const COMMANDS: Commands = {
  run: async () => (await import('./run.ts')).run,
  status: async () => (await import('./status.ts')).status,
  watch: async () => (await import('./watch.ts')).watch,
  inject: async () => (await import('./inject.ts')).inject,
  clear: async () => (await import('./clear.ts')).clear,
  open: async () => (await import('./open.ts')).open,
  check: async () => (await import('./check.ts')).check,
  machines: async () => (await import('./machines.ts')).machines,
  scenario: async () => (await import('./scenario.ts')).scenario,
  schema: async () => (await import('./schema.ts')).schema,
  validate: async () => (await import('./validate.ts')).validate,
  generate: async () => (await import('./generate.ts')).generate,
  worker: async () => (await import('./worker.ts')).worker,
  report: async () => (await import('./report.ts')).report,
  replay: async () => (await import('./replay.ts')).replay,
  compare: async () => (await import('./compare.ts')).compare,
  completion: async () => (await import('./completion.ts')).completionOf(COMMANDS),
};

/**
 * Runs a command line and reports errors.
 *
 * @param words - The arguments of the process, without its name.
 * @returns The exit code: 2 for errors that the user can fix, 1 for other failures.
 */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await runCommandLine(words, COMMANDS, version, terminal);
  } catch (error) {
    return reportError(error, terminal);
  }
}

/** Reports an error, with a stack only at debug level, and returns the exit code. */
export function reportError(error: unknown, { stderr }: Pick<Terminal, 'stderr'>): 1 | 2 {
  if (error instanceof ConfigError) {
    const { faults } = error;
    for (const { path, message } of faults.slice(0, FAULTS_SHOWN))
      stderr.write(`${path}: ${message}\n`);
    if (faults.length > FAULTS_SHOWN)
      stderr.write(`and ${faults.length - FAULTS_SHOWN} more errors\n`);
    return 2;
  }
  const { LOG_LEVEL = '' } = process.env;
  const isDebug = /^(debug|trace)$/i.test(LOG_LEVEL.trim());
  const { stack, message, name } = error instanceof Error ? error : new Error(String(error));
  const line = (message || name).split('\n')[0];
  stderr.write(`${PROGRAM}: ${isDebug ? stack : line}\n`);
  return 1;
}
