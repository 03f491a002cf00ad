import type { Problem } from '../core/problem.ts';
import type { Log } from '../runtime/log.ts';
import { REFUSED_TOPICS_MAX, type RefusedTopic } from './figures.ts';

/** The shortest time between two log lines about a topic that is accepted in between [ms]. */
const SAY_EVERY_MS = 30_000;

interface Tally {
  count: number;
  reason: string;
  saidMs: number;
}

/** Messages that a sink has refused for good: counted and logged by topic, up to a limit. */
export class Refusals {
  total = 0;
  readonly #sinkName: string;
  readonly #log: Log;
  readonly #tallies = new Map<string, Tally>();
  /** Topics that are being refused. */
  readonly #current = new Set<string>();
  #sinceMs = 0;
  #isFull = false;

  constructor(sinkName: string, log: Log) {
    this.#sinkName = sinkName;
    this.#log = log;
  }

  /** Topics whose last message was refused. */
  get topics(): ReadonlySet<string> {
    return this.#current;
  }

  /** The topics with the most refusals, first. */
  get list(): readonly RefusedTopic[] {
    return Array.from(this.#tallies, ([topic, { count, reason }]) => ({
      topic,
      count,
      reason,
    })).toSorted((a, b) => b.count - a.count);
  }

  /** The problem to report while something is refused. */
  get problem(): Problem | undefined {
    const [topic] = this.#current;
    if (topic === undefined) return undefined;
    const { reason } = this.#tallies.get(topic) as Tally;
    const others = this.#current.size - 1;
    const more = others === 0 ? '' : ` and of ${others} other topic${others === 1 ? '' : 's'}`;
    return {
      part: this.#sinkName,
      reason: `messages of ${topic}${more} are refused: ${reason}`,
      sinceMs: this.#sinceMs,
    };
  }

  /** Counts a refused message. */
  add(topic: string, reason: string): void {
    this.total++;
    const nowMs = performance.now();
    let tally = this.#tallies.get(topic);
    if (!tally) {
      if (this.#tallies.size === REFUSED_TOPICS_MAX) {
        this.#sayFull();
        return;
      }
      tally = { count: 0, reason, saidMs: Number.NEGATIVE_INFINITY };
      this.#tallies.set(topic, tally);
    }
    tally.count++;
    tally.reason = reason;
    if (this.#current.size === 0) this.#sinceMs = Date.now();
    const isNew = !this.#current.has(topic);
    this.#current.add(topic);
    if (!isNew || nowMs - tally.saidMs < SAY_EVERY_MS) return;
    tally.saidMs = nowMs;
    const sink = this.#sinkName;
    this.#log.warn({ sink, topic, reason }, `${sink} refuses messages of a topic: left out`);
  }

  /** Records that a topic is no longer refused. */
  accept(topic: string): void {
    if (!this.#current.delete(topic)) return;
    const sink = this.#sinkName;
    const refused = this.#tallies.get(topic)?.count;
    this.#log.info({ sink, topic, refused }, `${sink} accepts messages of a topic again`);
  }

  /** Forgets topics on which no machine publishes any more. */
  keepOnly(isTopic: (machineTopic: string) => boolean): void {
    for (const topic of this.#current)
      if (!isTopic(topic.slice(0, topic.lastIndexOf('/')))) this.#current.delete(topic);
  }

  #sayFull(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const sink = this.#sinkName;
    const message = `${sink} refuses more than ${REFUSED_TOPICS_MAX} topics: only counted`;
    this.#log.warn({ sink }, message);
  }
}
