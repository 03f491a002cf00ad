import type {
  Epochs,
  FactoryDescription,
  Machine,
  MachineDescription,
  Presence,
} from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import type { ChangeEvent, ChangeOccurrence, StopEvent } from '../core/story.ts';
import { Boundaries } from './boundaries.ts';
import { INSTANT_S, identityOf, isStopped, type Told } from './machine-story.ts';

/** Factories as changed that are kept; each may hold all machines anew. */
const KEPT_MAX = 16;

/** A change that is under way. */
interface Active {
  readonly told: Told<ChangeEvent>;
  readonly occurrence: ChangeOccurrence;
}

/** The machines of a factory as described at some time, by id. */
type MachinesById = ReadonlyMap<string, Machine>;

/** A factory whose description changes with time. */
export class FactoryChanges {
  /** Machines that changes add. */
  readonly added: readonly MachineDescription[];
  readonly #factory: FactoryDescription;
  readonly #types: readonly MachineType[];
  readonly #build: (factory: FactoryDescription) => MachinesById;
  readonly #kept = new Map<string, MachinesById>();

  /** @param build - Builds the machines of the factory under another description. */
  constructor(
    factory: FactoryDescription,
    changes: readonly Told<ChangeEvent>[],
    types: readonly MachineType[],
    build: (factory: FactoryDescription) => MachinesById,
  ) {
    this.#factory = factory;
    this.#types = types;
    this.#build = build;
    const known = new Set(factory.machines.map(({ id }) => id));
    this.added = changes
      .flatMap(({ event }) => event.adds ?? [])
      .filter(({ id }) => !known.has(id) && known.add(id));
  }

  /**
   * What a machine is as time goes by.
   *
   * @param changes - Those that touch it.
   */
  epochsOf(machine: Machine, changes: readonly Told<ChangeEvent>[]): Epochs {
    const boundaries = new Boundaries(changes.map(({ event }) => event));
    let known: ReturnType<Epochs['at']> | undefined;
    return {
      at: (tS) => {
        if (known && tS >= known.fromS && tS < known.untilS) return known;
        const active = activeAt(changes, tS);
        const built = active.length === 0 ? machine : this.#machinesUnder(active).get(machine.id);
        const fromS = boundaries.last(tS);
        known = { machine: built ?? machine, fromS, untilS: boundaries.next(tS) };
        return known;
      },
    };
  }

  #machinesUnder(active: readonly Active[]): MachinesById {
    const key = active
      .map(({ told, occurrence: { index: _i, beginS: _b, endS: _e, ...what } }) =>
        [identityOf(told.event), JSON.stringify(what)].join(),
      )
      .join('\n');
    let machines = this.#kept.get(key);
    if (!machines) {
      machines = this.#build(this.#described(active));
      const [oldest] = this.#kept.keys();
      if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
      this.#kept.set(key, machines);
    }
    return machines;
  }

  /** The factory under some changes: of several of one thing, that with the later begin holds. */
  #described(active: readonly Active[]): FactoryDescription {
    const machines = new Map(this.#factory.machines.map((each) => [each.id, each]));
    let factory = this.#factory;
    for (const { occurrence } of active) {
      const { machine, add = [], remove = [], calendar, networks, climate } = occurrence;
      for (const id of remove) machines.delete(id);
      for (const each of add) machines.set(each.id, each);
      const known = machine && machines.get(machine.id);
      if (known) machines.set(known.id, this.#changed(known, machine));
      factory = {
        ...factory,
        ...(calendar && { calendar }),
        ...(networks && { networks }),
        ...(climate && { climate }),
      };
    }
    return { ...factory, machines: [...machines.values()] };
  }

  #changed(
    machine: MachineDescription,
    { type, ratedPowerKw, parameters }: NonNullable<ChangeOccurrence['machine']>,
  ): MachineDescription {
    const isOther = type !== undefined && type !== machine.type;
    const usualKw = this.#types.find((each) => each.type === type)?.parameters['ratedPowerKw'];
    return {
      ...machine,
      ...(isOther && { type, ratedPowerKw: usualKw?.value ?? machine.ratedPowerKw }),
      ...(ratedPowerKw !== undefined && { ratedPowerKw }),
      parameters: { ...(isOther ? {} : machine.parameters), ...parameters },
    };
  }
}

/** The changes under way at an instant, by begin, then by story, then by place in the file. */
function activeAt(changes: readonly Told<ChangeEvent>[], tS: number): readonly Active[] {
  return changes
    .flatMap((told) =>
      told.event
        .between(tS, tS + INSTANT_S)
        .filter(({ beginS, endS }) => beginS <= tS && endS > tS)
        .map((occurrence): Active => ({ told, occurrence })),
    )
    .sort(
      (a, b) =>
        a.occurrence.beginS - b.occurrence.beginS ||
        a.told.order[0] - b.told.order[0] ||
        a.told.order[1] - b.told.order[1],
    );
}

/**
 * When a machine is there and runs, as far as stories say; undefined if they say nothing.
 *
 * @param isOwn - Whether it belongs to the factory without any change.
 * @param changes - Those that touch it.
 */
export function presenceOf(
  { id, type }: Pick<MachineDescription, 'id' | 'type'>,
  isOwn: boolean,
  changes: readonly Told<ChangeEvent>[],
  stops: readonly Told<StopEvent>[],
): Presence | undefined {
  const moving = changes.filter(({ event }) => event.movesMachines);
  if (moving.length + stops.length === 0) return undefined;
  const boundaries = new Boundaries([...moving, ...stops].map(({ event }) => event));
  return {
    boundaries: (fromS, toS) => boundaries.within(fromS, toS),
    at: (tS) => {
      let [isThere, current] = [isOwn, type];
      for (const { occurrence } of activeAt(moving, tS)) {
        if (occurrence.remove?.includes(id)) isThere = false;
        if (occurrence.add?.some((each) => each.id === id)) isThere = true;
        const { machine } = occurrence;
        if (machine?.id === id) current = machine.type ?? current;
      }
      return { isThere, type: current, isStopped: isStopped(stops, id, tS) };
    },
  };
}
