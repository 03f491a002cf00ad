import { knownNames } from '../core/errors.ts';
import type { FactoryDescription, MachineDescription } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { type Catalogue, typeNamed } from '../factory/machine-types.ts';
import { type Place, shown } from '../schema/diagnostics.ts';
import { instantText } from '../schema/times.ts';

/** A span in which a machine is there. */
interface Presence {
  fromS: number;
  toS: number;
}

/** The machines that a factory ever has: its own, and those that changes add. */
export class Roster {
  readonly factory: FactoryDescription;
  readonly #types: ReadonlyMap<string, MachineType>;
  readonly #machines: MachineDescription[];
  #ids: readonly string[] = [];
  readonly #byName = new Map<string, MachineDescription>();
  readonly #presence = new Map<string, Presence[]>();

  constructor(factory: FactoryDescription, catalogue: Catalogue) {
    this.factory = factory;
    this.#machines = [...factory.machines];
    this.#types = new Map(
      catalogue.map((type) => [type.type, typeNamed(type.type, catalogue) ?? type]),
    );
    for (const machine of factory.machines) this.#know(machine);
  }

  get machines(): readonly MachineDescription[] {
    return this.#machines;
  }

  /** The ids of all machines, in one list for all events that concern them all. */
  get ids(): readonly string[] {
    if (this.#ids.length !== this.#machines.length) this.#ids = this.#machines.map(({ id }) => id);
    return this.#ids;
  }

  typeOf({ type }: Pick<MachineDescription, 'type'>): MachineType {
    const found = this.#types.get(type);
    if (!found) throw new RangeError(`no machine type ${type}`);
    return found;
  }

  /** A machine by its name or id. */
  find(name: string): MachineDescription | undefined {
    return this.#byName.get(name) ?? this.#byName.get(name.toLowerCase());
  }

  /** A machine by its name or id; reports one that is not known. */
  machineAt(name: string, place: Place): MachineDescription | undefined {
    const found = this.find(name);
    if (found) return found;
    const names = this.#machines.slice(0, NAMES_MAX).map((machine) => machine.name);
    return place.error(
      `${shown(name)} is not a machine of ${this.factory.name}; ${knownNames(name, names)}`,
    );
  }

  /** Adds a machine that comes later; reports a name, id or topic that is taken. */
  add(machine: MachineDescription, fromS: number, toS: number, place: Place): undefined {
    const { id, name, topic } = machine;
    const known = this.#byName.get(name) ?? this.#byName.get(id);
    if (known && (known.id !== id || known.topic !== topic || !this.#presence.has(id)))
      return place.error(`${shown(name)} is already the name or id of a machine of the factory`);
    if (!known) {
      if (this.#machines.some((each) => each.topic === topic))
        return place.error(`the topic ${topic} already belongs to another machine`);
      this.#machines.push(machine);
      this.#know(machine);
      this.#presence.set(id, []);
    }
    this.#presence.get(id)?.push({ fromS, toS });
  }

  /** Notes that a machine leaves, and comes back at `toS`. */
  remove({ id }: MachineDescription, fromS: number, toS: number): void {
    const before = this.#presence.get(id) ?? [{ fromS: -Infinity, toS: Infinity }];
    this.#presence.set(
      id,
      before.flatMap((span) => {
        if (fromS >= span.toS || toS <= span.fromS) return [span];
        return [
          { fromS: span.fromS, toS: fromS },
          { fromS: toS, toS: span.toS },
        ].filter((each) => each.toS > each.fromS);
      }),
    );
  }

  /** Why a machine cannot have an event at an instant; undefined if it is there. */
  absence(machine: MachineDescription, tS: number): string | undefined {
    const spans = this.#presence.get(machine.id);
    if (!spans || spans.some(({ fromS, toS }) => tS >= fromS && tS < toS)) return undefined;
    const times = spans.map(({ fromS, toS }) =>
      [
        ...(Number.isFinite(fromS) ? [`from ${instantText(1000 * fromS)}`] : []),
        ...(Number.isFinite(toS) ? [`until ${instantText(1000 * toS)}`] : []),
      ].join(' '),
    );
    const when = times.join(' and ') || 'never';
    return `${machine.name} is not there at ${instantText(1000 * tS)}; it is ${when}`;
  }

  #know(machine: MachineDescription): void {
    this.#byName.set(machine.name, machine);
    if (!this.#byName.has(machine.id)) this.#byName.set(machine.id, machine);
  }
}

/** Most names to compare a mistyped one with. */
const NAMES_MAX = 1000;
