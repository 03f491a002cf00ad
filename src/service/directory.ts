import { FAULTS_MAX } from '../core/errors.ts';
import type { FactoryDescription, Machine } from '../core/factory.ts';
import { ambiguity, MachineFinder } from '../core/machine-finder.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { CommandError } from './command-error.ts';

/** Machines chosen by id or name, or by those of their factory; all, if neither is given. */
export interface Selection {
  readonly machineIds?: readonly string[] | undefined;
  readonly factoryIds?: readonly string[] | undefined;
}

/** Finds the machines and the factories of a fleet by id or name, in any case. */
export class Directory {
  readonly #fleet: Fleet;
  readonly #finder: MachineFinder<Machine>;
  readonly #factories: MachineFinder<FactoryDescription>;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#finder = new MachineFinder(fleet.machines, fleet.byId);
    this.#factories = new MachineFinder(fleet.factories);
  }

  /** The machine with an id or a name. @throws CommandError for an ambiguous name. */
  machine(text: string): Machine | undefined {
    const [machine, ...others] = this.#finder.find(text);
    if (machine && others.length > 0)
      throw new CommandError('conflict', ambiguity(text, [machine, ...others]));
    return machine;
  }

  /** The factory with an id or a name. @throws CommandError for an ambiguous name. */
  factory(text: string): FactoryDescription | undefined {
    const [factory, ...others] = this.#factories.find(text);
    if (factory && others.length > 0)
      throw new CommandError('conflict', ambiguity(text, [factory, ...others], 'factories'));
    return factory;
  }

  /** The selected machines. @throws CommandError for unknown ids and ambiguous names. */
  selected({ machineIds, factoryIds }: Selection): readonly Machine[] {
    if (!machineIds && !factoryIds) return this.#fleet.machines;
    const faults = [
      ...unknownIds(machineIds, 'machine', (id) => this.machine(id)),
      ...unknownIds(factoryIds, 'factory', (id) => this.factory(id)),
    ];
    if (faults.length > 0)
      throw new CommandError('unknown', 'unknown ids; nothing was changed', faults);
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
