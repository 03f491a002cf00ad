import { FAULTS_MAX } from '../core/errors.ts';
import type { FactoryDescription, Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { CommandError } from './command-error.ts';

/** Machines by their own ids or by those of their factories; none of both: all machines. */
export interface Selection {
  readonly machineIds?: readonly string[] | undefined;
  readonly factoryIds?: readonly string[] | undefined;
}

/** Finds the machines and factories of a fleet by their ids, in upper or lower case. */
export class Directory {
  readonly #fleet: Fleet;
  readonly #factories: ReadonlyMap<string, FactoryDescription>;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#factories = new Map(fleet.factories.map((factory) => [factory.id, factory]));
  }

  machine(id: string): Machine | undefined {
    return this.#fleet.byId.get(id) ?? this.#fleet.byId.get(id.toLowerCase());
  }

  factory(id: string): FactoryDescription | undefined {
    return this.#factories.get(id) ?? this.#factories.get(id.toLowerCase());
  }

  /** The machines that are meant. @throws CommandError for ids that nobody has. */
  selected({ machineIds, factoryIds }: Selection): readonly Machine[] {
    if (!machineIds && !factoryIds) return this.#fleet.machines;
    const faults = [
      ...unknownIds(machineIds, 'machine', (id) => this.machine(id)),
      ...unknownIds(factoryIds, 'factory', (id) => this.factory(id)),
    ];
    if (faults.length > 0)
      throw new CommandError('unknown', 'ids that nobody has; nothing was changed', faults);
    const wanted = new Set((machineIds ?? []).map((id) => this.machine(id)));
    const factories = new Set((factoryIds ?? []).map((id) => this.factory(id)?.id));
    return this.#fleet.machines.filter(
      (machine) => wanted.has(machine) || factories.has(machine.factoryId),
    );
  }
}

function unknownIds(
  ids: readonly string[] = [],
  kind: 'machine' | 'factory',
  find: (id: string) => unknown,
): { path: string; message: string }[] {
  const faults: { path: string; message: string }[] = [];
  for (const [i, id] of ids.entries()) {
    if (find(id)) continue;
    faults.push({ path: `${kind}_ids.${i}`, message: `no ${kind} has the id ${id}` });
    if (faults.length === FAULTS_MAX) break;
  }
  return faults;
}
