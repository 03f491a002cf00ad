import type { Defect } from '../core/defect.ts';
import { knownNames } from '../core/errors.ts';
import type { MachineDescription } from '../core/factory.ts';
import { decimal, type Field } from '../core/field.ts';
import { type DefectOccurrence, type DefectValue, isDraw } from '../core/occurrence.ts';
import { defectNamed, defects } from '../defects/index.ts';
import { asMapping, entry } from '../schema/composite-type.ts';
import type { Place } from '../schema/diagnostics.ts';
import { resolved } from './draws.ts';
import type { EventBody, EventContext, EventReader } from './event-reader.ts';
import { defectKeys } from './keys.ts';
import { ALL, machinesAt } from './machines.ts';

/** The field of the energy register, which only machines with one have. */
const REGISTER_FIELD = 'energy_total_kwh';
const REGISTER: Field = {
  ...decimal(6),
  key: 'energyTotalKwh',
  name: REGISTER_FIELD,
  unit: 'kWh',
  column: -1,
};

function kindOf(content: unknown): Defect | undefined {
  return defectNamed(String(asMapping(content)?.['kind']));
}

/** Something is wrong with an instrument, its wiring, its register, its clock or its delivery. */
export const defect: EventReader = {
  grows: (content) => kindOf(content)?.isGrowing ?? false,
  isInstant: (content) => kindOf(content)?.isInstant ?? false,
  durationMaxS: (content) => kindOf(content)?.durationMaxS,
  read(content, place, context) {
    const mapping = asMapping(content);
    if (!mapping)
      return place.notAccepted(content, { expected: 'a mapping with machines and kind' });
    const kind = kindOf(content);
    if (!kind) {
      const names = defects.map((each) => each.kind);
      const given = mapping['kind'];
      return given === undefined
        ? place.at('kind').error(`is missing; one of ${names.join(', ')}`)
        : place
            .at('kind')
            .error(`${JSON.stringify(given)} is not a defect; ${knownNames(String(given), names)}`);
    }
    const given = entry(defectKeys(kind)).read(content, place) as Given | undefined;
    const machines = given && machinesAt(given.machines, place.at('machines'), context);
    if (!machines) return undefined;
    const { roster, story, id, growth } = context;
    const { machines: names, kind: _, fields, channels, ...own } = given;
    const defaults = Object.entries(kind.keys).flatMap(([name, { default: value, type }]) => {
      if (value !== undefined) return [[name, value] as const];
      return type.is === 'zone' ? [[name, roster.factory.timeZone] as const] : [];
    });
    const values: Readonly<Record<string, DefectValue>> = {
      ...Object.fromEntries(defaults),
      ...own,
    };
    const conflict = kind.conflict?.(values);
    if (conflict) return place.at(conflict.key).error(conflict.message);
    const acted = machinesOf(kind, machines, names.includes(ALL), place, context);
    if (!acted) return undefined;
    if (fields && !areFields(fields, kind, values, acted, place.at('fields'), context))
      return undefined;
    if (channels && !areChannels(channels, acted, place.at('channels'), context)) return undefined;
    const areAll = acted.length === roster.machines.length;
    const machineIds = areAll ? roster.ids : acted.map((machine) => machine.id);
    const drawnOnce = Object.entries(values).filter(
      ([name, value]) => isDraw(value) && !kind.keys[name]?.isEachReading,
    );
    const body: EventBody<DefectOccurrence> = {
      machineIds,
      isDrawn: Object.values(values).some(isDraw) || isRandom(kind, values),
      occurrence: (when) => ({
        ...when,
        machineIds,
        kind: kind.kind,
        ...(fields && { fields }),
        ...(channels && { channels }),
        values:
          drawnOnce.length === 0
            ? values
            : {
                ...values,
                ...Object.fromEntries(
                  drawnOnce.map(([name, value]) => {
                    const drawn = resolved<number>(value as number, story, id, when.index, name);
                    return [name, isWhole(kind, name) ? Math.floor(drawn) : drawn];
                  }),
                ),
              },
        ...(growth && { growth }),
      }),
      named: () => machineIds,
      values: ({ values: all }) => ({
        kind: kind.kind,
        ...(fields && { fields }),
        ...(channels && { channels }),
        ...Object.fromEntries(Object.entries(all).map(([name, value]) => [name, fileValue(value)])),
        ...(growth?.rampS !== undefined && { ramp: growth.rampS, curve: growth.curve }),
        ...(growth?.fadeS !== undefined && { fade: growth.fadeS }),
      }),
    };
    return body as unknown as EventBody<never>;
  },
};

/** What the keys of a defect give, whatever its kind. */
type Given = Readonly<Record<string, DefectValue>> & {
  readonly machines: readonly string[];
  readonly fields?: readonly string[];
  readonly channels?: readonly string[];
};

function isRandom({ kind }: Defect, { share }: Readonly<Record<string, DefectValue>>): boolean {
  return kind === 'noise' || (typeof share === 'number' && share < 1);
}

function isWhole({ keys }: Defect, name: string): boolean {
  const type = keys[name]?.type;
  return type?.is === 'duration' || (type?.is === 'number' && type.isWhole === true);
}

/** A value as a file has it. */
function fileValue(value: DefectValue): unknown {
  if (!isDraw(value)) return value;
  return 'oneOf' in value ? { one_of: value.oneOf } : value;
}

/** The machines on which a kind of defect can act; undefined, with an error, if one cannot. */
function machinesOf(
  kind: Defect,
  machines: readonly MachineDescription[],
  areAll: boolean,
  place: Place,
  { hasRegister, roster }: EventContext,
): readonly MachineDescription[] | undefined {
  const why =
    kind.class === 'register'
      ? ({ id }: MachineDescription) =>
          hasRegister(id) || 'has no energy register; set energy_register: true'
      : kind.class === 'wiring'
        ? (machine: MachineDescription) =>
            roster.typeOf(machine).electricityColumn >= 0 || 'has no electricity meter'
        : () => true;
  const fit = machines.filter((machine) => why(machine) === true);
  if (fit.length === machines.length || (areAll && fit.length > 0)) return fit;
  for (const machine of machines) {
    const reason = why(machine);
    if (reason !== true) place.at('machines').error(`${machine.name} ${reason}`);
    if (areAll) break;
  }
  return undefined;
}

/** Checks the fields of a defect; each must be one of at least one of its machines. */
function areFields(
  fields: readonly string[],
  kind: Defect,
  values: Readonly<Record<string, DefectValue>>,
  machines: readonly MachineDescription[],
  place: Place,
  { roster, hasRegister }: EventContext,
): boolean {
  if (kind.class !== 'value') return true;
  const { errors } = place.diagnostics;
  const before = errors.length;
  const types = [...new Set(machines.map((machine) => roster.typeOf(machine)))];
  const registers = machines.some(({ id }) => hasRegister(id));
  for (const name of fields) {
    const found = types.flatMap((type) => {
      const field =
        name === REGISTER_FIELD ? REGISTER : type.fields.find((each) => each.name === name);
      return field ? [{ field, type }] : [];
    });
    if (name === REGISTER_FIELD && !registers) {
      place.error(
        `${name} is shown by an energy register, and none of the machines has one; ` +
          'set energy_register: true',
      );
      continue;
    }
    if (found.length === 0) {
      const known = [...new Set(types.flatMap((type) => type.fields.map((field) => field.name)))];
      place.error(
        `${JSON.stringify(name)} is not a field of these machines; ${knownNames(name, known)}`,
      );
    }
    const refusal = found.map(({ field, type }) => kind.refuses(field, type, values)).find(Boolean);
    if (refusal) place.error(`${kind.kind} ${refusal}`);
  }
  return errors.length === before;
}

function areChannels(
  channels: readonly string[],
  machines: readonly MachineDescription[],
  place: Place,
  { roster }: EventContext,
): boolean {
  const known = new Set(
    machines.flatMap((each) => roster.typeOf(each).channels.map(({ name }) => name)),
  );
  const unknown = channels.filter((name) => !known.has(name));
  for (const name of unknown)
    place.error(
      `${JSON.stringify(name)} is not a channel of these machines; ${knownNames(name, [...known])}`,
    );
  return unknown.length === 0;
}
