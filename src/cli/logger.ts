import { type DestinationStream, type Logger, pino } from 'pino';
import type { Configuration } from '../config/configuration.ts';

/** Makes the log: lines to read on a terminal, JSON otherwise, each written before going on. */
export async function createLogger(
  level: Configuration['logLevel'],
  isTerminal: boolean,
): Promise<Logger> {
  const options = {
    level,
    // Without the process and the host: whoever collects logs knows from where they come.
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
