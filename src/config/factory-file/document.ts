import { readFileSync, statSync } from 'node:fs';
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from 'yaml';
import { ConfigError, type Fault } from '../../core/errors.ts';

/** A factory file is held in memory with the places of all its values, some 90 times its size. */
export const FILE_MAX_BYTES = 50 * 1024 * 1024;

/**
 * Aliases that a file may follow. Ten thousand machines may share a block each of ten times;
 * aliases of aliases multiply, so that a file made to explode is refused long before it does.
 */
const ALIASES_MAX = 100_000;

/** A factory file has ten levels; the parser calls itself for every one. */
const DEPTH_MAX = 100;

/** Steps from the top of a file to a value in it. */
export type Path = readonly (string | number)[];

/** What a file says, and where in it each value stands. */
export interface FileDocument {
  readonly content: unknown;
  /** `plant.yaml:12:7`, of the value at a path or, where there is none, of what should hold it. */
  place(path: Path): string;
  /** Likewise of a mapping's key. */
  keyPlace(path: Path): string;
}

/**
 * Reads a YAML file, or a JSON one, which is YAML too.
 *
 * @param askedBy - The variable or option that names the file.
 * @param name - The file as messages call it.
 * @throws ConfigError where there is no such file, or it is not one YAML document.
 */
export function readDocument(file: string, askedBy: string, name: string): FileDocument {
  const refuse = (why: string): never => {
    throw new ConfigError([
      { path: askedBy, message: `"${name}" ${why}; a YAML or JSON file up to 50 MB` },
    ]);
  };
  let bytes: Buffer;
  try {
    const status = statSync(file);
    if (status.isDirectory()) refuse('is a folder');
    if (status.size > FILE_MAX_BYTES) refuse(`has ${status.size} bytes`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('is not UTF-8 text');
  }
  return parse(text, name);
}

/**
 * Parses the text of a factory file.
 *
 * @throws ConfigError where it is not one YAML document.
 */
export function parse(text: string, file: string): FileDocument {
  const lines = new LineCounter();
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const refuse = (offset: number, message: string): Fault => ({ path: placeOf(offset), message });
  const options = { prettyErrors: false, stringKeys: true } as const;
  const tokens = shallow(new Parser(lines.addNewLine).parse(text), (offset) => {
    throw new ConfigError([refuse(offset, `is nested more than ${DEPTH_MAX} levels deep`)]);
  });
  const [document, second] = new Composer(options).compose(tokens, true, text.length);
  if (!document) throw new TypeError('the parser gave no document');
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) =>
    refuse(pos[0], message),
  );
  if (second) faults.push(refuse(second.range[0], 'begins a second document; one is accepted'));
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    content: contentOf(document, (message) => {
      throw new ConfigError([refuse(0, message)]);
    }),
    place: (path) => placeOf(valueOffset(document, path)),
    keyPlace: (path) => placeOf(keyOffset(document, path)),
  };
}

/** Passes tokens on, unless one is nested so deeply that composing it would end the stack. */
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

function contentOf(document: Document, refuse: (message: string) => never): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    // So the library says that aliases are too many, or name nothing.
    if (error instanceof ReferenceError) refuse(error.message);
    throw error;
  }
}

function valueOffset(document: Document, path: Path): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const step of [undefined, ...path]) {
    if (step !== undefined) node = child(document, node, step);
    if (!isNode(node)) return offset;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}

function keyOffset(document: Document, path: Path): number {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((node, step) => child(document, node, step), document.contents);
  const map = resolve(document, parent);
  const pair = isMap(map) ? map.items.find(({ key }) => keyText(key) === path.at(-1)) : undefined;
  return (pair?.key as Node | undefined)?.range?.[0] ?? valueOffset(document, path);
}

function child(document: Document, parent: unknown, step: string | number): unknown {
  const node = resolve(document, parent);
  if (isSeq(node)) return node.items[step as number];
  return isMap(node) ? node.items.find(({ key }) => keyText(key) === step)?.value : undefined;
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
