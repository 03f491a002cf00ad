import { isReservedTopic } from './access.ts';
import type { BrokerLimits } from './limits.ts';
import type { Message } from './message.ts';
import type { Notices } from './notices.ts';
import { isExact, matcherOf } from './topics.ts';

/** Topics are looked through in pieces of so many: some tens of microseconds. */
const TOPICS_A_STEP = 64;

/** The last retained message of each topic, within a number of bytes. */
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
   * Keeps a message in place of the last one of its topic; an empty one keeps nothing.
   *
   * What others leave behind makes room for the simulator's own, the oldest first.
   *
   * @returns False where it does not fit: nothing is kept of the topic then.
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
    // In place of the last one, so that whoever looks through all of them sees each topic once.
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
        this.#report(other, 'was given up: the simulator’s own need the room');
      }
    } else {
      if (!last && this.#foreign.size >= foreignRetainedTopics)
        return `${foreignRetainedTopics} topics have one already`;
      if (this.#foreignBytes + more > foreignRetainedBytes)
        return `${foreignRetainedBytes} bytes are kept at most`;
    }
    return this.bytes + more > retainedBytes
      ? `${retainedBytes} bytes are kept at most`
      : undefined;
  }

  /** What is kept, with what each message takes beside its payload [bytes]. */
  get bytes(): number {
    return this.#ownBytes + this.#foreignBytes;
  }

  /**
   * The messages that match a filter, as they are when each is asked for, in pieces: a list may be
   * empty, which lets go on whoever else has something to do.
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
      // Those that are added meanwhile have reached the subscriber as they came.
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
