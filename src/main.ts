#!/usr/bin/env node
import { type Commands, PROGRAM, runCommandLine } from './cli/command-line.ts';
import { version } from './config/version.ts';
import { ConfigError } from './core/errors.ts';

/** Faults that are shown; who has so many mends these first. */
const FAULTS_SHOWN = 100;

/** Each command's code is loaded only when it is wanted. */
const commands: Commands = {
  run: async () => (await import('./cli/run.ts')).run,
  check: async () => (await import('./cli/check.ts')).check,
  machines: async () => (await import('./cli/machines.ts')).machines,
  schema: async () => (await import('./cli/schema.ts')).schema,
  validate: async () => (await import('./cli/validate.ts')).validate,
  generate: async () => (await import('./cli/generate.ts')).generate,
  worker: async () => (await import('./cli/worker.ts')).worker,
  report: async () => (await import('./cli/report.ts')).report,
  replay: async () => (await import('./cli/replay.ts')).replay,
  compare: async () => (await import('./cli/compare.ts')).compare,
};

/** Says what went wrong and gives the exit code: 2 for what the user has to mend, else 1. */
function report(error: unknown): 1 | 2 {
  if (error instanceof ConfigError) {
    const { faults } = error;
    for (const { path, message } of faults.slice(0, FAULTS_SHOWN))
      process.stderr.write(`${path}: ${message}\n`);
    if (faults.length > FAULTS_SHOWN)
      process.stderr.write(`and ${faults.length - FAULTS_SHOWN} more faults\n`);
    return 2;
  }
  const { LOG_LEVEL = '' } = process.env;
  const isDebug = /^(debug|trace)$/i.test(LOG_LEVEL.trim());
  const { stack, message, name } = error instanceof Error ? error : new Error(String(error));
  const line = (message || name).split('\n')[0];
  process.stderr.write(`${PROGRAM}: ${isDebug ? stack : line}\n`);
  return 1;
}

process.on('uncaughtException', (error) => process.exit(report(error)));
// A reader that has seen enough, like `head`, closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : report(error));
});

try {
  process.exitCode = await runCommandLine(process.argv.slice(2), commands, version, (text) =>
    process.stdout.write(text),
  );
} catch (error) {
  process.exitCode = report(error);
}
