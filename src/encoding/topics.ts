import type { Machine } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';

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
