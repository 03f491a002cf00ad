import { Composer, type CST, LineCounter, Parser } from 'yaml';
import { ConfigError, type Diagnostic } from '../core/errors.ts';
import { FileRefusal, readRegularFile } from '../runtime/regular-file.ts';
import { decodedText } from '../runtime/text-file.ts';
import type { Path } from '../schema/diagnostics.ts';
import { YamlValues } from './yaml-values.ts';

/** In memory, a factory file takes some 90 times its size, with the locations of all values. */
export const FILE_MAX_BYTES = 50 * 1024 * 1024;

/** A factory file has ten levels. The parser recurses once per level. */
const DEPTH_MAX = 100;

/** The content of a file, with the location of each value. */
export interface FileDocument {
  readonly content: unknown;
  /**
   * The location of the value at a path, such as `plant.yaml:12:7`. For a missing value, the
   * location of its parent.
   */
  place(path: Path): string;
  /** The location of the last key of a path. */
  keyPlace(path: Path): string;
}

/**
 * Reads a YAML file, or a JSON file, which is also YAML.
 *
 * @param askedBy - The variable or option that names the file.
 * @param name - The file's name in messages.
 * @throws ConfigError if the file does not exist, or is not one YAML document.
 */
export function readDocument(file: string, askedBy: string, name: string): FileDocument {
  const refuse = (why: string): never => {
    throw new ConfigError([
      { path: askedBy, message: `"${name}" ${why}; a YAML or JSON file up to 50 MB` },
    ]);
  };
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(file, FILE_MAX_BYTES);
  } catch (error) {
    if (error instanceof FileRefusal) return refuse(error.message);
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const text = decodedText(bytes);
  if (text === undefined) return refuse('is not UTF-8 text');
  return parse(text, name);
}

/** Parses the text of a factory file. @throws ConfigError if it is not one YAML document. */
export function parse(text: string, file: string): FileDocument {
  const lines = new LineCounter();
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const refuse = (offset: number, message: string): Diagnostic => ({
    path: placeOf(offset),
    message,
  });
  // Duplicate keys are found in one pass, when the values are read.
  const options = {
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
  } as const;
  const tokens = shallow(new Parser(lines.addNewLine).parse(text), (offset) => {
    throw new ConfigError([refuse(offset, `is nested more than ${DEPTH_MAX} levels deep`)]);
  });
  const [document, second] = new Composer(options).compose(tokens, true, text.length);
  if (!document) throw new TypeError('the parser returned no document');
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) =>
    refuse(pos[0], message),
  );
  if (second)
    faults.push(refuse(second.range[0], 'begins a second document; only one is accepted'));
  if (faults.length > 0) throw new ConfigError(faults);
  const values = new YamlValues(document, (offset, message) => {
    faults.push(refuse(offset, message));
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    content: values.content,
    place: (path) => placeOf(values.valueOffset(path)),
    keyPlace: (path) => placeOf(values.keyOffset(path)),
  };
}

/** Passes tokens on, unless one is nested so deeply that composing it would overflow the stack. */
function* shallow(tokens: Iterable<CST.Token>, refuse: (offset: number) => never) {
  for (const token of tokens) {
    const stack: [token: CST.Token | null | undefined, depth: number][] = [[token, 0]];
    for (let entry = stack.pop(); entry; entry = stack.pop()) {
      const [inner, depth] = entry;
      if (depth > DEPTH_MAX) refuse(inner?.offset ?? 0);
      if (inner?.type === 'document') stack.push([inner.value, depth]);
      else if (inner && 'items' in inner)
        for (const { key, value } of inner.items) stack.push([key, depth + 1], [value, depth + 1]);
    }
    yield token;
  }
}
