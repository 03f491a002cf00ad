import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  Scalar,
  type YAMLMap,
} from 'yaml';
import { asMapping } from '../schema/composite-type.ts';

/**
 * The total number of values that aliases may stand for. Ten thousand machines may share ten
 * blocks each. Nested aliases multiply, so a malicious file is refused long before it takes too
 * much memory.
 */
const ALIASED_MAX = 1_000_000;

/** The key whose mappings are merged into its parent. */
const MERGE = '<<';

type Pair = YAMLMap['items'][number];

/** The value of a node, and the number of values in it with all aliases expanded. */
interface Meaning {
  readonly value: unknown;
  readonly size: number;
}

const NOTHING: Meaning = { value: null, size: 1 };

/**
 * The values of a YAML document and their locations, with aliases resolved and mappings merged.
 * Each node is read only once, however often it is referenced. (In the library's own conversion,
 * time grows with the square of the number of aliases, and of keys in a mapping.)
 */
export class YamlValues {
  readonly content: unknown;
  readonly #contents: Node | null;
  readonly #report: (offset: number, message: string) => void;
  /** The node with each anchor, at the current position in the document. */
  readonly #anchors = new Map<string, Node>();
  readonly #meanings = new Map<Node, Meaning>();
  readonly #targets = new Map<Alias, Node>();
  /** The pairs of mappings that were searched, by key. */
  readonly #pairs = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  #aliased = 0;

  /** @param report - Called with every error. */
  constructor(document: Document, report: (offset: number, message: string) => void) {
    this.#contents = document.contents as Node | null;
    this.#report = report;
    this.content = this.#read(this.#contents).value;
  }

  /** The offset of the value at a path or, if it is missing, of its parent. */
  valueOffset(path: readonly (string | number)[]): number {
    let offset = 0;
    let node: unknown = this.#contents;
    for (const step of [undefined, ...path]) {
      if (step !== undefined) node = this.#child(node, step);
      if (!isNode(node)) return offset;
      offset = offsetOf(node);
    }
    return offset;
  }

  /** The offset of the last key of a path. */
  keyOffset(path: readonly (string | number)[]): number {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((node, step) => this.#child(node, step), this.#contents);
    const map = this.#target(parent);
    const pair = isMap(map) ? this.#pair(map, String(path.at(-1))) : undefined;
    return isNode(pair?.key) ? offsetOf(pair.key) : this.valueOffset(path);
  }

  #read(node: unknown): Meaning {
    if (isAlias(node)) return this.#readAlias(node);
    if (!isNode(node)) return NOTHING;
    if (isScalar(node) || isMap(node) || isSeq(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    }
    const meaning = this.#readPlain(node);
    this.#meanings.set(node, meaning);
    return meaning;
  }

  #readPlain(node: Node): Meaning {
    if (isMap(node)) return this.#readMap(node);
    if (!isSeq(node)) return { value: isScalar(node) ? node.value : null, size: 1 };
    const items = node.items.map((each) => this.#read(each));
    return {
      value: items.map(({ value }) => value),
      size: items.reduce((sum, { size }) => sum + size, 1),
    };
  }

  #readAlias(alias: Alias): Meaning {
    const target = this.#anchors.get(alias.source);
    const meaning = target && this.#meanings.get(target);
    if (!meaning) {
      this.#report(
        offsetOf(alias),
        `Unresolved alias: no value before it has the anchor ${alias.source}`,
      );
      return NOTHING;
    }
    // Too many values are reported once.
    if (this.#aliased > ALIASED_MAX) return NOTHING;
    this.#aliased += meaning.size;
    if (this.#aliased > ALIASED_MAX)
      this.#report(
        offsetOf(alias),
        `Excessive alias count: aliases stand for more than ${ALIASED_MAX} values`,
      );
    this.#targets.set(alias, target);
    return meaning;
  }

  #readMap(map: YAMLMap): Meaning {
    const values = new Map<string, unknown>();
    const merged: Meaning[] = [];
    let size = 1;
    for (const { key, value } of map.items) {
      const meaning = this.#read(value);
      size += meaning.size;
      if (isMerge(key)) merged.push(...this.#mergedBy(value, meaning));
      else if (values.has(keyText(key)))
        this.#report(isNode(key) ? offsetOf(key) : offsetOf(map), 'Map keys must be unique');
      else values.set(keyText(key), meaning.value);
    }
    // A mapping's own keys win, then those merged first.
    for (const { value } of merged)
      for (const [key, each] of Object.entries(value as object))
        if (!values.has(key)) values.set(key, each);
    return { value: Object.fromEntries(values), size };
  }

  /** The mappings of a merge key: one, or a list of them. */
  #mergedBy(node: unknown, meaning: Meaning): readonly Meaning[] {
    const target = this.#target(node);
    const parts = isSeq(target) ? target.items.map((each) => this.#meaningOf(each)) : [meaning];
    if (parts.every(({ value }) => asMapping(value))) return parts;
    if (isNode(node) && this.#aliased <= ALIASED_MAX)
      this.#report(offsetOf(node), `${MERGE} accepts a mapping, or a list of mappings`);
    return [];
  }

  #meaningOf(node: unknown): Meaning {
    return this.#meanings.get(this.#target(node) as Node) ?? NOTHING;
  }

  #target(node: unknown): unknown {
    return isAlias(node) ? this.#targets.get(node) : node;
  }

  #child(parent: unknown, step: string | number): unknown {
    const node = this.#target(parent);
    if (isSeq(node)) return node.items[step as number];
    return isMap(node) ? this.#pair(node, String(step))?.value : undefined;
  }

  /** The pair with a key, in a mapping or in those merged into it. */
  #pair(map: YAMLMap, key: string): Pair | undefined {
    const pairs =
      this.#pairs.get(map) ?? new Map(map.items.map((each) => [keyText(each.key), each]));
    this.#pairs.set(map, pairs);
    const own = pairs.get(key);
    if (own && !isMerge(own.key)) return own;
    for (const { key: name, value } of map.items) {
      if (!isMerge(name)) continue;
      const target = this.#target(value);
      for (const each of isSeq(target) ? target.items : [target]) {
        const source = this.#target(each);
        const pair = isMap(source) ? this.#pair(source, key) : undefined;
        if (pair) return pair;
      }
    }
    return undefined;
  }
}

/** In quotes it is an ordinary key. */
function isMerge(key: unknown): boolean {
  return isScalar(key) && key.value === MERGE && key.type === Scalar.PLAIN;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
