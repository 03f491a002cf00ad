import type { Log } from '../runtime/log.ts';
import { PROGRAM } from './command-line.ts';
import type { ProgressLine } from './progress-line.ts';

/** Says a line a change of state on standard error, where the progress stands too. */
export function stderrLog(progress: ProgressLine): Log {
  const say = (fields: object, message: string) => {
    const { reason } = fields as { readonly reason?: string };
    progress.say(`${PROGRAM}: ${message}${reason === undefined ? '' : ` (${reason})`}`);
  };
  return { info: say, warn: say };
}
