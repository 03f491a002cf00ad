import type { CalendarDescription, FactoryDescription } from '../core/factory.ts';
import { asMapping, entry, key, list, required, unread } from '../schema/composite-type.ts';
import { Diagnostics } from '../schema/diagnostics.ts';
import { text } from '../schema/value-type.ts';
import { DEFAULT_CALENDAR, largeFleetContent } from './default-factory.ts';
import { type FileDocument, parse, readDocument } from './document.ts';
import { countMachines, FACTORIES_MAX, FACTORY_COUNT, readFactory } from './factory.ts';
import type { Catalogue } from './machine-types.ts';
import { UniquenessChecker } from './uniqueness-checker.ts';

/** The number of errors to report for a file. */
const ERRORS_MAX = 250;

/** The top level of the file. */
export const FILE_KEYS = {
  $schema: key(text(2000), 'Location of the JSON Schema, for editors.'),
  factories: required(
    list(1, FACTORIES_MAX, unread({ $ref: '#/definitions/factory' })),
    'List of factories.',
  ),
};

/** Keys of a file that its author may use freely. */
export const OWN_KEY = /^x-/;

/** Factories from a file, with remarks for the log. */
export interface FactoryFile {
  readonly factories: readonly FactoryDescription[];
  readonly remarks: readonly string[];
}

/** What a factory file is read with. */
export interface FactoryFileOptions {
  /** The machine types that there are. */
  readonly catalogue: Catalogue;
  /** Of factories that describe none; what a factory's leaves out comes from it. */
  readonly calendar?: CalendarDescription;
  /** The variable or option that names the file. */
  readonly askedBy?: string;
  /** The file as messages call it. */
  readonly name?: string;
}

/**
 * Reads a factory file, YAML or JSON.
 *
 * @throws ConfigError with all errors in the file, each with its line and column.
 */
export function readFactoryFile(file: string, options: FactoryFileOptions): FactoryFile {
  const { catalogue, calendar = DEFAULT_CALENDAR, askedBy = 'factory file', name = file } = options;
  return readFactories(readDocument(file, askedBy, name), calendar, catalogue);
}

/** Reads the text of a factory file; `file` is its name in messages. */
export function parseFactoryFile(
  text: string,
  calendar: CalendarDescription,
  file: string,
  catalogue: Catalogue,
): FactoryFile {
  return readFactories(parse(text, file), calendar, catalogue);
}

/** A fleet of a given size: one factory, as a file with counts would describe it. */
export function largeFleet(
  machines: number,
  calendar: CalendarDescription,
  catalogue: Catalogue,
): FactoryFile {
  const nowhere = () => 'generated from a number of machines';
  const content = largeFleetContent(machines, catalogue);
  return readFactories({ content, place: nowhere, keyPlace: nowhere }, calendar, catalogue);
}

function readFactories(
  document: FileDocument,
  calendar: CalendarDescription,
  catalogue: Catalogue,
): FactoryFile {
  const diagnostics = new Diagnostics({ ...document, errorsMax: ERRORS_MAX });
  const file = entry(FILE_KEYS).read(withoutOwn(document.content), diagnostics.top);
  const contents = file?.factories ?? [];
  const places = diagnostics.top.at('factories');
  const unique = new UniquenessChecker();
  for (const [i, content] of contents.entries()) countMachines(content, places.at(i), unique);
  const factories: FactoryDescription[] = [];
  for (const [i, content] of contents.entries()) {
    const errorsBefore = diagnostics.errors.length;
    for (const each of numberedFactories(content)) {
      factories.push(readFactory(each, places.at(i), calendar, unique, catalogue));
      // All factories of a count would have the same errors.
      if (diagnostics.errors.length > errorsBefore || unique.isFull) break;
    }
  }
  diagnostics.check();
  return { factories, remarks: [...new Set(diagnostics.warnings)] };
}

/** A file's content without the author's own keys for aliases: `x-press: &press {…}`. */
function withoutOwn(content: unknown): unknown {
  const given = asMapping(content);
  if (!given) return content;
  return Object.fromEntries(Object.entries(given).filter(([key]) => !OWN_KEY.test(key)));
}

/** One factory, or as many as its count says, with numbers appended to name and topic. */
function* numberedFactories(content: unknown): Generator<unknown> {
  const given = asMapping(content);
  const count = FACTORY_COUNT.parse(given?.['count']);
  const isText = (value: unknown) => typeof value === 'string';
  if (!given || count === undefined || !isText(given['name'])) {
    yield content;
    return;
  }
  for (let number = 1; number <= count; number++)
    yield {
      ...given,
      name: `${given['name']}-${number}`,
      ...(isText(given['topic']) && { topic: `${given['topic']}-${number}` }),
    };
}
