import type { FactoryDescription, MachineDescription } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import type { ChangeOccurrence, MachineChange } from '../core/story.ts';
import { factoryCalendar } from '../factory/calendar.ts';
import { DEFAULT_CALENDAR } from '../factory/default-factory.ts';
import { checkOrder, readMachines } from '../factory/machine.ts';
import { parameterKeys, ratedPower, typeNamed, typeNames } from '../factory/machine-types.ts';
import { slug } from '../factory/names.ts';
import { checkNetworks } from '../factory/networks.ts';
import {
  asMapping,
  type Content,
  entry,
  type GivenValues,
  mapping,
} from '../schema/composite-type.ts';
import type { Place } from '../schema/diagnostics.ts';
import { number } from '../schema/value-type.ts';
import type { EventBody, EventContext, EventReader } from './event-reader.ts';
import { CHANGE_KEYS } from './keys.ts';

/** Types that meter something of their own, or nothing, cannot replace another one. */
const OF_THEIR_OWN = ['boiler', 'meter'];

type Given = GivenValues<typeof CHANGE_KEYS>;

/** The factory is another one from then on. */
export const change: EventReader = {
  read(content, place, context) {
    const given = entry(CHANGE_KEYS).read(content, place);
    if (!given) return undefined;
    const { errors } = place.diagnostics;
    const before = errors.length;
    const { roster, fromS, toS } = context;
    const machine = machineChange(given, content, place, context);
    const remove = (given.remove ?? []).flatMap((name, i) => {
      const found = roster.machineAt(name, place.at('remove').at(i));
      if (found) roster.remove(found, fromS, toS);
      return found ?? [];
    });
    const add = (given.add ?? []).flatMap((each, i) => added(each, place.at('add').at(i), context));
    const calendar =
      given.calendar && factoryCalendar({ calendar: given.calendar }, place, DEFAULT_CALENDAR);
    if (given.networks)
      checkNetworks(given.networks, place.at('networks'), roster.machines, context.catalogue);
    const { as, networks, climate } = given;
    if (
      !machine &&
      !given.machine &&
      add.length + remove.length === 0 &&
      !calendar &&
      !networks &&
      !climate
    )
      place.error('changes nothing; give machine, add, remove, calendar, networks or climate');
    if (errors.length > before || as === undefined) return undefined;
    const isWhole = calendar !== undefined || networks !== undefined || climate !== undefined;
    const touched = [
      ...(machine ? [machine.id] : []),
      ...add.map(({ id }) => id),
      ...remove.map(({ id }) => id),
    ];
    const what: Omit<ChangeOccurrence, 'index' | 'beginS' | 'endS'> = {
      as,
      ...(machine && { machine }),
      ...(add.length > 0 && { add }),
      ...(remove.length > 0 && { remove: remove.map(({ id }) => id) }),
      ...(calendar && { calendar }),
      ...(networks && { networks: networks as NonNullable<FactoryDescription['networks']> }),
      ...(climate && { climate }),
    };
    const moves = add.length + remove.length > 0 || machine?.type !== undefined;
    const body: EventBody<ChangeOccurrence> = {
      machineIds: isWhole ? [] : [...new Set(touched)],
      isDrawn: false,
      ...(moves && { moving: { adds: add } }),
      occurrence: (when) => ({ ...when, ...what }),
      named: () => (machine && touched.length === 1 && !isWhole ? [machine.id] : []),
      values: () => asMapping(content) as Content,
    };
    return body as unknown as EventBody<never>;
  },
};

/** The change of one machine; undefined, perhaps with an error, if there is none. */
function machineChange(
  given: Given,
  content: unknown,
  place: Place,
  { roster, catalogue, fromS, isDated }: EventContext,
): MachineChange | undefined {
  const { machine: name, parameters, ratedPowerKw, type: typeName } = given;
  const keys = (['parameters', 'rated_power_kw', 'type'] as const).filter((key) =>
    Object.hasOwn(content as object, key),
  );
  if (name === undefined) {
    for (const key of keys) place.at(key).errorAtKey('goes with machine, which is missing');
    return undefined;
  }
  const machine = roster.machineAt(name, place.at('machine'));
  if (!machine) return undefined;
  if (keys.length === 0)
    return place.at('machine').error('does not change; give parameters, rated_power_kw or type');
  const absence = isDated ? roster.absence(machine, fromS) : undefined;
  if (absence) place.at('machine').error(absence);
  const own = roster.typeOf(machine);
  const type = typeName === undefined ? own : typeAt(typeName, own, place.at('type'), catalogue);
  if (!type) return undefined;
  const power = number(...ratedPower(type).range);
  if (ratedPowerKw !== undefined && power.parse(ratedPowerKw) === undefined)
    place.at('rated_power_kw').notAccepted(ratedPowerKw, power);
  const values =
    parameters === undefined ? undefined : parametersOf(parameters, type, place.at('parameters'));
  if (values) {
    const base = type === own ? machine.parameters : {};
    checkOrder(values, type, place.at('parameters'), base);
  }
  return {
    id: machine.id,
    ...(ratedPowerKw !== undefined && { ratedPowerKw }),
    ...(values && { parameters: values }),
    ...(type !== own && { type: type.type }),
  };
}

function typeAt(
  name: string,
  own: MachineType,
  place: Place,
  catalogue: EventContext['catalogue'],
): MachineType | undefined {
  const type = typeNamed(name.toLowerCase(), catalogue);
  if (!type) {
    const names = [...typeNames(catalogue).keys()];
    return place.notAccepted(name, { expected: names.join(', '), names: () => names });
  }
  const odd = [own, type].find((each) => OF_THEIR_OWN.includes(each.type));
  if (odd && own !== type)
    return place.error(
      `a ${own.type} cannot become a ${type.type}: a ${odd.type} has other channels; ` +
        'remove one and add one',
    );
  return type;
}

function parametersOf(
  content: unknown,
  type: MachineType,
  place: Place,
): Readonly<Record<string, number>> | undefined {
  return mapping(parameterKeys(type)).read(content, place) as
    | Readonly<Record<string, number>>
    | undefined;
}

/** Machines that come; their ids are those that a factory file would give them. */
function added(
  content: unknown,
  place: Place,
  context: EventContext,
): readonly MachineDescription[] {
  const { roster, catalogue, fromS, toS } = context;
  const { factory } = roster;
  const topicLevel = factory.machines[0]?.topic.split('/')[1] ?? slug(factory.name);
  const machines = readMachines(
    content,
    place,
    { factoryId: factory.id, hasOwnId: true, topicLevel, catalogue },
    true,
  );
  for (const machine of machines) roster.add(machine, fromS, toS, place);
  return machines;
}
