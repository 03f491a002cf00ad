import type { Log } from '../runtime/log.ts';
import { PROGRAM } from './command-line.ts';
import type { ProgressLine } from './progress-line.ts';

/** A log that writes to standard error, next to the progress line. */
export function stderrLog(progress: ProgressLine): Log {
  const say = (fields: object, message: string) => {
    const { reason } = fields as { readonly reason?: string };
    progress.say(`${PROGRAM}: ${message}${reason === undefined ? '' : ` (${reason})`}`);
  };
  return { info: say, warn: say };
}
