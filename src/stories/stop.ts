import type { StopOccurrence } from '../core/occurrence.ts';
import { entry } from '../schema/composite-type.ts';
import type { EventBody, EventReader } from './event-reader.ts';
import { STOP_KEYS } from './keys.ts';
import { machinesAt } from './machines.ts';

/** Machines stand. */
export const stop: EventReader = {
  read(content, place, context) {
    const given = entry(STOP_KEYS).read(content, place);
    const machines = given && machinesAt(given.machines, place.at('machines'), context);
    if (!machines) return undefined;
    const areAll = machines.length === context.roster.machines.length;
    const machineIds = areAll ? context.roster.ids : machines.map(({ id }) => id);
    const body: EventBody<StopOccurrence> = {
      machineIds,
      isDrawn: false,
      occurrence: (when) => ({ ...when, machineIds }),
      named: () => machineIds,
      values: () => ({}),
    };
    return body as unknown as EventBody<never>;
  },
};
