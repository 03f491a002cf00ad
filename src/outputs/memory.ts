import type { Batch } from '../core/batch.ts';
import type { DeliveredSink } from '../core/sink.ts';
import { type Message, Messages } from './mqtt/messages.ts';
import type { Output } from './output.ts';

/** Messages that are kept, some 300 MB; more are an error rather than a slow death. */
const MESSAGES_MAX = 1_000_000;

/** Keeps every message, as it would go to a broker: for tests and for small experiments. */
export class MemorySink implements DeliveredSink {
  readonly name: string;
  readonly messages: Message[] = [];
  readonly isConnected: boolean = true;
  readonly connectionCount: number = 1;
  bytesWritten = 0;
  readonly #encoder = new Messages();

  constructor(name = 'memory') {
    this.name = name;
  }

  /** @throws RangeError when there would be more than a million messages. */
  async write(batch: Batch): Promise<void> {
    for (const message of this.#encoder.of(batch)) {
      if (this.messages.length === MESSAGES_MAX)
        throw new RangeError(`the ${this.name} sink keeps no more than ${MESSAGES_MAX} messages`);
      this.messages.push(message);
      this.bytesWritten += message.payload.length;
    }
  }

  async close(): Promise<void> {}
}

/** Keeps messages in memory; only programs ask for it. */
export const memory = {
  name: 'memory',
  title: 'Memory',
  variables: {},
  isPaced: false,
  isShared: false,
  configure: () => undefined,
  open: async () => ({ sinks: [new MemorySink()] }),
} satisfies Output<Record<never, never>, undefined>;
