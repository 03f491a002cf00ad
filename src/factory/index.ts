import { ConfigError } from '../core/errors.ts';
import type { CalendarDescription, FactoryDescription } from '../core/factory.ts';
import { type FileDocument, parse, readDocument } from './document.ts';
import { countMachines, readFactory } from './factory.ts';
import { FACTORY_KEYS, FILE_KEYS, OWN_KEY } from './keys.ts';
import { largeFleetContent } from './large-fleet.ts';
import { Findings, mapping, readMapping } from './mapping.ts';
import { Registry } from './registry.ts';

/** Factories from a file, and what is worth a line in the log about them. */
export interface FactoryFile {
  readonly factories: readonly FactoryDescription[];
  readonly remarks: readonly string[];
}

/**
 * Reads a factory file.
 *
 * @param calendar - Of factories that describe none; what a factory's leaves out comes from it.
 * @param askedBy - The variable or option that names the file.
 * @param name - The file as messages call it.
 * @throws ConfigError with every fault of the file, each with its line and column.
 */
export function readFactoryFile(
  file: string,
  calendar: CalendarDescription,
  askedBy: string,
  name: string,
): FactoryFile {
  return readFactories(readDocument(file, askedBy, name), calendar);
}

/** Likewise, from a file's text; `file` names it in messages. */
export function parseFactoryFile(
  text: string,
  calendar: CalendarDescription,
  file: string,
): FactoryFile {
  return readFactories(parse(text, file), calendar);
}

/** One factory of so many machines, as a file with counts would describe it. */
export function largeFleet(machines: number, calendar: CalendarDescription): FactoryFile {
  const nowhere = () => 'made of a number of machines';
  const content = largeFleetContent(machines);
  return readFactories({ content, place: nowhere, keyPlace: nowhere }, calendar);
}

function readFactories(document: FileDocument, calendar: CalendarDescription): FactoryFile {
  const findings = new Findings(document);
  const { factories = [] } = readMapping(withoutOwn(document.content), FILE_KEYS, [], findings);
  const registry = new Registry(findings);
  for (const [i, content] of factories.entries())
    countMachines(content, ['factories', i], registry);
  const read: FactoryDescription[] = [];
  for (const [i, content] of factories.entries()) {
    const faultsBefore = findings.faults.length;
    for (const each of numberedFactories(content)) {
      read.push(readFactory(each, ['factories', i], calendar, registry, findings));
      // All of a count would have the same faults.
      if (findings.faults.length > faultsBefore || registry.isFull) break;
    }
  }
  if (findings.faults.length > 0) throw new ConfigError(findings.faults);
  return { factories: read, remarks: [...new Set(findings.remarks)] };
}

/** A file's content without what its writer keeps there for aliases: `x-press: &press {…}`. */
function withoutOwn(content: unknown): unknown {
  const given = mapping({}).read(content);
  if (!given) return content;
  return Object.fromEntries(Object.entries(given).filter(([key]) => !OWN_KEY.test(key)));
}

/** A factory, or as many as its count says, with numbers behind name and topic. */
function* numberedFactories(content: unknown): Generator<unknown> {
  const given = mapping({}).read(content);
  const count = FACTORY_KEYS.count.kind.read(given?.['count']);
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
