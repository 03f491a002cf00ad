import { type Batch, READING, STATUS } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';
import type { MachineType } from '../../core/machine.ts';
import { MESSAGE_BYTES_MAX } from '../../encoding/columns.ts';
import { JsonEncoder } from '../../encoding/json.ts';
import { Memo } from '../../runtime/memo.ts';

/** Suffixes of the topics of a type's channels, in order: `/energy`, … */
export function channelLevels({ channels }: MachineType): readonly string[] {
  return channels.map(({ name }) => `/${name}`);
}

/** Suffix of the topic of a retained status. */
export const STATUS_LEVEL = '/status';

/** The topics of a machine's channels, in their order: `factory/demo/compressor-1/energy`, … */
export function channelTopics({ topic, type }: Machine): readonly string[] {
  return channelLevels(type).map((level) => `${topic}${level}`);
}

/** The topic of a machine's retained status: `factory/demo/compressor-1/status`. */
export function statusTopic({ topic }: Machine): string {
  return `${topic}${STATUS_LEVEL}`;
}

/** A message for a broker. */
export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  /** Statuses are retained, readings are not. */
  readonly isRetained: boolean;
}

/** The messages of a batch: one per channel of a reading, and its status. */
export class Messages {
  readonly #encoder = new JsonEncoder();
  readonly #bytes = Buffer.allocUnsafeSlow(MESSAGE_BYTES_MAX);
  readonly #topics = new Memo(topicsOf);

  *of(batch: Batch): Generator<Message> {
    for (let row = 0; row < batch.length; row++) {
      const flags = batch.flags[row] as number;
      const { channels, status } = this.#topics.of(batch.machines[row] as Machine);
      if (flags & READING) {
        for (let i = 0; i < channels.length; i++) {
          if (!batch.carries(row, i)) continue;
          const end = this.#encoder.message(batch, row, i, this.#bytes, 0);
          yield {
            topic: channels[i] as string,
            payload: Buffer.from(this.#bytes.subarray(0, end)),
            isRetained: false,
          };
        }
      }
      if (flags & STATUS) {
        const end = this.#encoder.status(batch, row, this.#bytes, 0);
        yield { topic: status, payload: this.#ownCopy(end), isRetained: true };
      }
    }
  }

  /** A separate copy, so that a message kept for long does not keep others in memory. */
  #ownCopy(end: number): Buffer {
    const payload = Buffer.allocUnsafeSlow(end);
    this.#bytes.copy(payload, 0, 0, end);
    return payload;
  }
}

function topicsOf(machine: Machine): { channels: readonly string[]; status: string } {
  return { channels: channelTopics(machine), status: statusTopic(machine) };
}
