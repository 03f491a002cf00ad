import { isReservedTopic } from './access.ts';
import type { BrokerLimits } from './limits.ts';
import type { Message } from './message.ts';
import type { Notices } from './notices.ts';
import { isExact, matcherOf } from './topics.ts';

/** How many topics to search in one step, which takes some tens of microseconds. */
const TOPICS_A_STEP = 64;

/** The latest retained message of each topic, within a memory limit. */
export class RetainedMessages {
  readonly #limits: BrokerLimits;
  readonly #notices: Notices;
  readonly #own = new Map<string, Message>();
  readonly #foreign = new Map<string, Message>();
  #ownBytes = 0;
  #foreignBytes = 0;

  constructor(limits: BrokerLimits, notices: Notices) {
    this.#limits = limits;
    this.#notices = notices;
  }

  /**
   * Stores a message, replacing the previous one of its topic; an empty one only removes that.
   *
   * The oldest messages of other clients make way for the simulator's own.
   *
   * @returns False if it does not fit. The topic then has no retained message.
   */
  keep(message: Message): boolean {
    const { topic, bytes } = message;
    const isOwn = isReservedTopic(topic);
    const kept = isOwn ? this.#own : this.#foreign;
    const refusal = message.payloadBytes > 0 ? this.#refusal(message, kept, isOwn) : 'empty';
    if (refusal !== undefined) {
      this.#remove(topic, kept);
      if (refusal !== 'empty') this.#report(topic, `was refused: ${refusal}`);
      return refusal === 'empty';
    }
    message.detach();
    this.#count(isOwn, bytes - (kept.get(topic)?.bytes ?? 0));
    // Keeps the topic's position, so that an ongoing search sees each topic once.
    kept.set(topic, message);
    return true;
  }

  #refusal(
    { topic, bytes }: Message,
    kept: ReadonlyMap<string, Message>,
    isOwn: boolean,
  ): string | undefined {
    const { retainedBytes, foreignRetainedBytes, foreignRetainedTopics } = this.#limits;
    const last = kept.get(topic);
    const more = bytes - (last?.bytes ?? 0);
    if (isOwn) {
      for (const other of this.#foreign.keys()) {
        if (this.bytes + more <= retainedBytes) break;
        this.#remove(other, this.#foreign);
        this.#report(other, 'was dropped: the simulator’s own messages need the space');
      }
    } else {
      if (!last && this.#foreign.size >= foreignRetainedTopics)
        return `${foreignRetainedTopics} topics already have one`;
      if (this.#foreignBytes + more > foreignRetainedBytes)
        return `at most ${foreignRetainedBytes} bytes are stored`;
    }
    return this.bytes + more > retainedBytes
      ? `at most ${retainedBytes} bytes are stored`
      : undefined;
  }

  /** Bytes stored, including the overhead of each message. */
  get bytes(): number {
    return this.#ownBytes + this.#foreignBytes;
  }

  /**
   * The messages that match a filter, in steps, each as it is when read. A step may be empty, to
   * let other work proceed.
   */
  *matching(filter: string): Generator<readonly Message[]> {
    if (isExact(filter)) {
      const message = this.#own.get(filter) ?? this.#foreign.get(filter);
      if (message) yield [message];
      return;
    }
    const isMatch = matcherOf(filter);
    let found: Message[] = [];
    for (const messages of [this.#own, this.#foreign]) {
      // Topics added during the search have already reached the subscriber.
      let left = messages.size;
      for (const [topic, message] of messages) {
        if (left-- === 0) break;
        if (isMatch(topic)) found.push(message);
        if (left % TOPICS_A_STEP > 0) continue;
        yield found;
        found = [];
      }
    }
    if (found.length > 0) yield found;
  }

  #remove(topic: string, kept: Map<string, Message>): void {
    const last = kept.get(topic);
    if (!last) return;
    kept.delete(topic);
    this.#count(kept === this.#own, -last.bytes);
  }

  #count(isOwn: boolean, bytes: number): void {
    if (isOwn) this.#ownBytes += bytes;
    else this.#foreignBytes += bytes;
  }

  #report(topic: string, what: string): void {
    this.#notices.report('retained', () => `the retained message of ${topic} ${what}`);
  }
}
