import { type DestinationStream, type Logger, pino } from 'pino';
import type { Configuration } from '../config/configuration.ts';

/** Creates the log: readable lines on a terminal, JSON otherwise, written synchronously. */
export async function createLogger(
  level: Configuration['logLevel'],
  isTerminal: boolean,
): Promise<Logger> {
  const options = {
    level,
    // Without process id and host: log collectors know where lines come from.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, isTerminal ? await prettyStream() : pino.destination({ fd: 1, sync: true }));
}

async function prettyStream(): Promise<DestinationStream> {
  const { build } = await import('pino-pretty');
  return build({
    sync: true,
    colorize: process.env['NO_COLOR'] === undefined,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
  });
}
