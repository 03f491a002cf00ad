import type { Growth } from './anomaly.ts';
import { Random } from './random.ts';

/** A span of time, for readings with `fromS` < t ≤ `toS`. */
export interface Span {
  readonly fromS: number;
  readonly toS: number;
}

/** One time that an event occurs, with everything drawn. Acts for `beginS` < t ≤ `endS`. */
export interface Occurrence {
  /** Counted from 0, including those that are left out. */
  readonly index: number;
  /** Whole seconds. */
  readonly beginS: number;
  /** Infinite if it lasts for good. */
  readonly endS: number;
  /** The end that was planned, if it was ended before; a fade ends there [s]. */
  readonly plannedEndS?: number;
}

/** A fault of one machine. */
export interface FaultOccurrence extends Occurrence {
  readonly machineId: string;
  /** Name of one of the faults of the machine type. */
  readonly type: string;
  /** 1 to 5. */
  readonly severity: number;
  /** How it grows and fades, unless as its type usually does. */
  readonly growth?: Growth;
}

/** A value of a defect's key: resolved, except for a draw that is made anew for each reading. */
export type DefectValue = number | string | readonly string[] | Draw;

/** A defect of instruments, their wiring, register, clock or delivery. */
export interface DefectOccurrence extends Occurrence {
  readonly machineIds: readonly string[];
  readonly kind: string;
  /** Channels by name; undefined: all. */
  readonly channels?: readonly string[];
  /** Fields by wire name; undefined for kinds without. */
  readonly fields?: readonly string[];
  /** The keys of its kind, by their names in the file. */
  readonly values: Readonly<Record<string, DefectValue>>;
  readonly growth?: Growth;
}

/** Machines that are switched off. */
export interface StopOccurrence extends Occurrence {
  readonly machineIds: readonly string[];
}

/** A value that chance picks. */
export type Draw =
  | { readonly between: readonly [number, number]; readonly scale?: 'log' }
  | { readonly oneOf: readonly (number | string)[] };

/**
 * The value of a draw for a uniform number: between two numbers on a linear or a logarithmic scale,
 * or one entry of a list.
 *
 * @param u - In [0, 1).
 */
export function drawn(draw: Draw, u: number): number | string {
  if ('oneOf' in draw) return draw.oneOf[Math.floor(u * draw.oneOf.length)] as number | string;
  const [a, b] = draw.between;
  if (draw.scale === undefined) return a + (b - a) * u;
  return Math.exp(Math.log(a) + u * (Math.log(b) - Math.log(a)));
}

/** Whether the value of a key is a draw. */
export function isDraw(value: unknown): value is Draw {
  if (typeof value !== 'object' || value === null) return false;
  return 'between' in value || 'oneOf' in value;
}

/** What the random numbers of an event depend on. */
export interface StoryKey {
  readonly seed: number;
  /** Name of the story. */
  readonly name: string;
  /**
   * How often one of its name was told before: what is told again draws the same, and is another
   * thing all the same.
   */
  readonly telling?: number;
}

/**
 * The random numbers of one thing that an event draws. They depend on the seed, the story, the
 * event and what is drawn, and on nothing that happens beside it; the occurrence is their counter.
 * For a draw that is made for each reading, `what` includes the occurrence, the machine and the
 * channel or field, and the counter is the true time of the reading in milliseconds.
 */
export function drawsOf({ seed, name }: StoryKey, event: string, what: string): Random {
  return new Random(seed, `story/${name}/${event}/${what}`);
}

/**
 * The id of what one occurrence does to one machine: a UUID (RFC 9562, version 8) made of the seed
 * and the name of the story, the event, the occurrence and the machine.
 *
 * @param machineId - Empty for a change of the whole factory.
 */
export function occurrenceId(
  story: StoryKey,
  event: string,
  index: number,
  machineId: string,
): string {
  const random = drawsOf(
    story,
    event,
    `id/${machineId}${story.telling ? `/${story.telling}` : ''}`,
  );
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
