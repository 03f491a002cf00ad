import { FAULTS_MAX, nearestName } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';

/**
 * The ids of the machines that are named by id or name, or of all; they keep the order of the
 * factories.
 *
 * @param refuse - Is told of names that no machine has, by their places, in sentences.
 */
export function chosenMachines(
  names: readonly string[] | undefined,
  factories: readonly FactoryDescription[],
  refuse: (place: number, message: string) => void,
): readonly string[] {
  const all = factories.flatMap(({ machines }) => machines);
  if (names === undefined) return all.map(({ id }) => id);
  const idsOf = new Map<string, string[]>();
  for (const { id, name } of all)
    for (const key of new Set([id.toLowerCase(), name.toLowerCase()]))
      idsOf.set(key, [...(idsOf.get(key) ?? []), id]);
  const known = all.map(({ name }) => name);
  const chosen = new Set<string>();
  let refused = 0;
  for (const [place, name] of names.entries()) {
    const ids = idsOf.get(name.toLowerCase()) ?? [];
    for (const id of ids) chosen.add(id);
    if (ids.length > 0) continue;
    if (refused++ === FAULTS_MAX) break;
    const near = nearestName(name, known);
    const message = `there is no machine ${JSON.stringify(name)}`;
    refuse(place, near ? `${message} (did you mean ${near}?)` : message);
  }
  return all.map(({ id }) => id).filter((id) => chosen.has(id));
}
