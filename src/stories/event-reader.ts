import type { Growth } from '../core/anomaly.ts';
import type { MachineDescription } from '../core/factory.ts';
import type { Occurrence, StoryKey } from '../core/occurrence.ts';
import type { Catalogue } from '../factory/machine-types.ts';
import type { Place } from '../schema/diagnostics.ts';
import type { Zone } from '../site/zone.ts';
import type { Roster } from './roster.ts';

/** What an event is read with. */
export interface EventContext {
  readonly story: StoryKey;
  readonly id: string;
  readonly roster: Roster;
  readonly zone: Zone;
  readonly catalogue: Catalogue;
  readonly growth: Growth | undefined;
  /** Begin and end of its only occurrence; of a repeated event, of all of them [s]. */
  readonly fromS: number;
  readonly toS: number;
  /** Whether it occurs once, at a known time. */
  readonly isDated: boolean;
  readonly place: Place;
  hasRegister(machineId: string): boolean;
}

/** What an event of one class says. */
export interface EventBody<O extends Occurrence = Occurrence> {
  /** Ids of all machines that an occurrence may name; none: the whole factory. */
  readonly machineIds: readonly string[];
  /** Whether chance decides anything in it, once for an occurrence or for each reading. */
  readonly isDrawn: boolean;
  /** Of a change that adds, removes or replaces machines: those that it adds. */
  readonly moving?: { readonly adds: readonly MachineDescription[] };
  occurrence(when: Occurrence): O;
  /** The ids of the machines that an occurrence names. */
  named(occurrence: O): readonly string[];
  /** Its resolved keys, as a file has them. */
  values(occurrence: O): Readonly<Record<string, unknown>>;
}

/** Reads what an event of one class says. */
export interface EventReader {
  /** Whether it takes ramp, curve and fade. */
  readonly grows?: (content: unknown) => boolean;
  /** Whether it has no duration: it happens at an instant. */
  readonly isInstant?: (content: unknown) => boolean;
  /** The longest that it may last, if it must end [s]. */
  readonly durationMaxS?: (content: unknown) => number | undefined;
  read(content: unknown, place: Place, context: EventContext): EventBody<never> | undefined;
}
