/** The process of the command line: what ends it, and with which exit code. */
import { reportError, runProgram } from './cli/program.ts';

process.on('uncaughtException', (error) => process.exit(reportError(error, process)));
// A reader that has seen enough, like `head`, closes the pipe. Shells report other programs, which
// end with SIGPIPE then, by this code.
const PIPE_CLOSED = 141;
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? PIPE_CLOSED : reportError(error, process));
  });

process.exitCode = await runProgram(process.argv.slice(2), process);
