import { SEVERITY } from '../core/anomaly.ts';
import type { MachineDescription } from '../core/factory.ts';
import { type FaultOccurrence, isDraw } from '../core/occurrence.ts';
import { entry } from '../schema/composite-type.ts';
import { choice } from '../schema/value-type.ts';
import { resolved } from './draws.ts';
import type { EventBody, EventReader } from './event-reader.ts';
import { FAULT_KEYS } from './keys.ts';

/** Something is wrong with a machine. */
export const fault: EventReader = {
  grows: () => true,
  read(content, place, { story, id, roster, growth, fromS, isDated }) {
    const given = entry(FAULT_KEYS).read(content, place);
    if (!given) return undefined;
    const { machine: named, type, severity = SEVERITY.default } = given;
    const at = place.at('machine');
    const names: readonly string[] = typeof named === 'string' ? [named] : named.oneOf;
    const machines = names.flatMap((name) => roster.machineAt(name, at) ?? []);
    for (const machine of machines) {
      const { faultTypes, isMainMeter } = roster.typeOf(machine);
      const absence = isDated ? roster.absence(machine, fromS) : undefined;
      if (absence) at.error(absence);
      if (isMainMeter) at.error(`${machine.name} is a main meter, which has no faults`);
      else if (!faultTypes.includes(type))
        place.at('type').notAccepted(type, {
          expected: `a fault of ${machine.name}: ${choice(faultTypes).expected}`,
          names: () => faultTypes,
        });
    }
    const [first] = machines;
    if (machines.length < names.length || !first) return undefined;
    const ids = machines.map((machine) => machine.id);
    const nameOf = new Map(machines.map((each: MachineDescription) => [each.id, each.name]));
    const body: EventBody<FaultOccurrence> = {
      machineIds: [...new Set(ids)],
      isDrawn: typeof named !== 'string' || isDraw(severity),
      occurrence: (when) => ({
        ...when,
        machineId: resolved(
          ids.length > 1 ? { oneOf: ids } : first.id,
          story,
          id,
          when.index,
          'machine',
        ),
        type,
        severity: resolved<number>(severity, story, id, when.index, 'severity'),
        ...(growth && { growth }),
      }),
      named: ({ machineId }) => [machineId],
      values: ({ machineId, severity: drawn }) => ({
        machine: nameOf.get(machineId),
        type,
        severity: drawn,
        ...(growth?.rampS !== undefined && { ramp: growth.rampS, curve: growth.curve }),
        ...(growth?.fadeS !== undefined && { fade: growth.fadeS }),
      }),
    };
    return body as unknown as EventBody<never>;
  },
};
