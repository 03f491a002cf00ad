/** The process of the command line: what ends it, and with which exit code. */
import { reportError, runProgram } from './cli/program.ts';

process.on('uncaughtException', (error) => process.exit(reportError(error, process)));
// A reader that has seen enough, like `head`, closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : reportError(error, process));
});

process.exitCode = await runProgram(process.argv.slice(2), process);
