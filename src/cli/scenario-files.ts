import { createHash } from 'node:crypto';
import { ConfigError } from '../core/errors.ts';
import { storiesOf, type WindowRequest } from '../dataset/request.ts';
import { FileRefusal, readRegularFile } from '../runtime/regular-file.ts';
import { decodedText } from '../runtime/text-file.ts';
import { WHOLE_INSTANT_MS } from '../schema/times.ts';
import { SCENARIO_MAX_BYTES, type StoryText } from '../stories/index.ts';
import type { Option } from './command.ts';
import type { OptionReader } from './option-reader.ts';

/** The zero of relative times. */
export const SCENARIO_START: Readonly<Record<'scenario-start', Option>> = {
  'scenario-start': {
    value: 'TIME',
    about: 'Zero of the relative times of scenarios without a start.',
  },
};

/** The options of commands that tell scenarios. */
export const SCENARIO_OPTIONS: Readonly<Record<'scenario' | 'scenario-start', Option>> = {
  scenario: {
    value: 'FILE',
    about: 'A scenario file to tell; may be given several times.',
  },
  ...SCENARIO_START,
};

/**
 * Reads the text of a scenario file.
 *
 * @param askedBy - The option or variable that names it.
 * @throws ConfigError if it does not exist, is too large, or is not text.
 */
export function readScenario(file: string, askedBy: string): StoryText & { digest: string } {
  const refuse = (why: string): never => {
    throw new ConfigError([
      { path: askedBy, message: `"${file}" ${why}; a YAML or JSON file up to 1 MiB` },
    ]);
  };
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(file, SCENARIO_MAX_BYTES);
  } catch (error) {
    if (error instanceof FileRefusal) return refuse(error.message);
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const text = decodedText(bytes);
  if (text === undefined) return refuse('is not UTF-8 text');
  return { text, file, digest: createHash('sha256').update(bytes).digest('hex') };
}

/** Adds the scenarios that are to be told in a window, unless there are errors in them. */
export function withScenarios(options: OptionReader, window: WindowRequest): WindowRequest {
  const startMs = options.read('scenario-start', WHOLE_INSTANT_MS);
  const files = options.writtenAll('scenario');
  if (files.length === 0) {
    if (options.isGiven('scenario-start')) options.fault('scenario-start', 'requires --scenario');
    return window;
  }
  const start = startMs !== undefined && { startS: startMs / 1000 };
  const texts = files.flatMap((file) => {
    const text = options.collect(() => readScenario(file, '--scenario'));
    return text ? { ...text, ...start } : [];
  });
  const told = { ...window, stories: texts };
  return options.collect(() => storiesOf(told)) ? told : window;
}
