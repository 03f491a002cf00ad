import { createHash } from 'node:crypto';
import { ConfigError } from '../core/errors.ts';
import { FileRefusal, readRegularFile } from '../runtime/regular-file.ts';
import { decodedText } from '../runtime/text-file.ts';
import { SCENARIO_MAX_BYTES, type StoryText } from './index.ts';

/**
 * Reads the text of a scenario file.
 *
 * @param name - What it is called in messages; its path, if not given.
 * @param askedBy - The option or variable that names it.
 * @throws ConfigError if it does not exist, is too large, or is not text.
 */
export function readScenario(
  file: string,
  askedBy: string,
  name = file,
): StoryText & { digest: string } {
  const refuse = (why: string): never => {
    throw new ConfigError([
      { path: askedBy, message: `"${name}" ${why}; a YAML or JSON file up to 1 MiB` },
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
  return { text, file: name, digest: createHash('sha256').update(bytes).digest('hex') };
}
