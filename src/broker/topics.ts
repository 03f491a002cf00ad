import type { BrokerLimits } from './limits.ts';

type TopicLimits = Pick<BrokerLimits, 'topicBytes' | 'topicLevels'>;

/**
 * Whether a text is a valid topic name: no wildcards, no U+0000 [MQTT-4.7.1-1, MQTT-4.7.3-1,
 * MQTT-4.7.3-2].
 */
export function isTopic(text: string, limits: TopicLimits): boolean {
  return isWithin(text, limits) && !text.includes('+') && !text.includes('#');
}

/** Whether a text is a valid topic filter: a wildcard fills a level, and `#` is the last level. */
export function isFilter(text: string, limits: TopicLimits): boolean {
  if (!isWithin(text, limits)) return false;
  if (!text.includes('+') && !text.includes('#')) return true;
  const levels = text.split('/');
  return levels.every(
    (level, i) =>
      level === '+' ||
      (level === '#' && i === levels.length - 1) ||
      !(level.includes('+') || level.includes('#')),
  );
}

function isWithin(text: string, { topicBytes, topicLevels }: TopicLimits): boolean {
  if (text === '' || text.includes('\0') || Buffer.byteLength(text) > topicBytes) return false;
  let levels = 1;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) levels++;
  return levels <= topicLevels;
}

/** Whether a filter has no wildcards. */
export function isExact(filter: string): boolean {
  return !filter.includes('+') && !filter.includes('#');
}

/** A function that checks whether topics match a filter with wildcards. */
export function matcherOf(filter: string): (topic: string) => boolean {
  const wanted = filter.split('/');
  const isOpen = wanted.at(-1) === '#';
  if (isOpen) wanted.pop();
  // A leading wildcard does not match topics that begin with $ [MQTT-4.7.2-1].
  const startsWild = wanted[0] === '+' || wanted.length === 0;
  return (topic) => {
    if (startsWild && topic.startsWith('$')) return false;
    const levels = topic.split('/');
    if (isOpen ? levels.length < wanted.length : levels.length !== wanted.length) return false;
    return wanted.every((level, i) => level === '+' || level === levels[i]);
  };
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly values: Set<T>;
}

/** Values by topic filter, looked up by the topics that match. */
export class FilterTree<T> {
  readonly #root: Node<T> = { children: new Map(), values: new Set() };

  add(filter: string, value: T): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (!child) {
        child = { children: new Map(), values: new Set() };
        node.children.set(level, child);
      }
      node = child;
    }
    node.values.add(value);
  }

  /** Removes a value, and the branches that are empty without it. */
  remove(filter: string, value: T): void {
    const levels = filter.split('/');
    const path = [this.#root];
    for (const level of levels) {
      const child = (path.at(-1) as Node<T>).children.get(level);
      if (!child) return;
      path.push(child);
    }
    path.at(-1)?.values.delete(value);
    for (let i = levels.length; i > 0; i--) {
      const { children, values } = path[i] as Node<T>;
      if (children.size > 0 || values.size > 0) return;
      path[i - 1]?.children.delete(levels[i - 1] as string);
    }
  }

  /** Appends the values of all filters that match a topic. */
  match(topic: string, found: T[]): void {
    collect(this.#root, topic.split('/'), 0, found);
  }
}

function collect<T>(node: Node<T>, levels: readonly string[], depth: number, found: T[]): void {
  const { children } = node;
  const isWild = depth > 0 || !levels[0]?.startsWith('$');
  // `a/#` also matches `a` [§4.7.1.2].
  const rest = isWild ? children.get('#') : undefined;
  if (rest) found.push(...rest.values);
  if (depth === levels.length) {
    found.push(...node.values);
    return;
  }
  const exact = children.get(levels[depth] as string);
  if (exact) collect(exact, levels, depth + 1, found);
  const any = isWild ? children.get('+') : undefined;
  if (any) collect(any, levels, depth + 1, found);
}
