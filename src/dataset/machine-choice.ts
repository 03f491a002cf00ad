import { FAULTS_MAX, nearestName } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';
import { ambiguity, MachineFinder } from '../core/machine-finder.ts';

/**
 * The ids of machines given by id or name, or of all machines, in the order of the factories.
 *
 * @param refuse - Called for an unknown or ambiguous name, with its index in the list.
 */
export function chosenMachines(
  names: readonly string[] | undefined,
  factories: readonly FactoryDescription[],
  refuse: (place: number, message: string) => void,
): readonly string[] {
  const all = factories.flatMap(({ machines }) => machines);
  if (names === undefined) return all.map(({ id }) => id);
  const finder = new MachineFinder(all);
  const known = all.map(({ name }) => name);
  const chosen = new Set<string>();
  let refused = 0;
  for (const [place, name] of names.entries()) {
    const [machine, ...others] = finder.find(name);
    if (machine && others.length === 0) {
      chosen.add(machine.id);
      continue;
    }
    if (refused++ === FAULTS_MAX) break;
    if (machine) {
      refuse(place, ambiguity(name, [machine, ...others]));
      continue;
    }
    const near = nearestName(name, known);
    const message = `there is no machine ${JSON.stringify(name)}`;
    refuse(place, near ? `${message} (did you mean ${near}?)` : message);
  }
  return all.map(({ id }) => id).filter((id) => chosen.has(id));
}
