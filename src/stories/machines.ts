import type { MachineDescription } from '../core/factory.ts';
import type { Place } from '../schema/diagnostics.ts';
import type { EventContext } from './event-reader.ts';

/** Stands for all machines of the factory. */
export const ALL = '*';

/** The machines of a list of names; undefined, with an error, if one is not known. */
export function machinesAt(
  names: readonly string[],
  place: Place,
  { roster, fromS, isDated }: EventContext,
): readonly MachineDescription[] | undefined {
  if (names.includes(ALL)) {
    if (names.length === 1) return roster.machines;
    return place.error(`'${ALL}' stands for all machines; it does not go with others`);
  }
  const machines = names.flatMap((name) => roster.machineAt(name, place) ?? []);
  if (machines.length < names.length) return undefined;
  for (const machine of machines) {
    const absence = isDated ? roster.absence(machine, fromS) : undefined;
    if (absence) place.error(absence);
  }
  return [...new Set(machines)];
}
