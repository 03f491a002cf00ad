import type { Growth } from './anomaly.ts';
import { Random } from './random.ts';

/**
 * A story as the engine sees it: dated events of one factory, as a function of time. It says what
 * happens when; nothing in it depends on a reading.
 */
export interface Story {
  readonly name: string;
  /** The factory in which it happens. */
  readonly factoryId: string;
  /** Seed of its draws. */
  readonly seed: number;
  readonly events: readonly FaultEvent[];
}

/** An event of a story: a fault that may occur many times. */
export interface FaultEvent {
  /** Unique within its story. */
  readonly id: string;
  /** Ids of all machines that an occurrence may name. */
  readonly machineIds: readonly string[];
  /** The occurrences that act within a span (`beginS` < `toS`, `endS` > `fromS`), by begin. */
  between(fromS: number, toS: number): readonly FaultOccurrence[];
}

/** One time that a fault occurs, with everything drawn. Acts for `beginS` < t ≤ `endS`. */
export interface FaultOccurrence {
  /** Counted from 0, including those that are left out. */
  readonly index: number;
  /** Whole seconds. */
  readonly beginS: number;
  readonly endS: number;
  readonly machineId: string;
  /** Name of one of the faults of the machine type. */
  readonly type: string;
  /** 1 to 5. */
  readonly severity: number;
  /** How it grows and fades, unless as its type usually does. */
  readonly growth?: Growth;
}

/**
 * The id of what one occurrence does to one machine: a UUID (RFC 9562, version 8) made of the seed
 * and the name of the story, the event, the occurrence and the machine.
 */
export function occurrenceId(
  { seed, name }: Pick<Story, 'seed' | 'name'>,
  event: string,
  index: number,
  machineId: string,
): string {
  const random = new Random(seed, `story/${name}/${event}/id/${machineId}`);
  let digits = '';
  for (let word = 0; word < 4; word++)
    digits += Math.floor(random.uniform(word, index) * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  const variant = ((Number.parseInt(digits[16] as string, 16) & 3) | 8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20),
  ].join('-');
}
