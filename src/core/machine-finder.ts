/** What identifies a machine or a factory. */
interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * Matches an id. Registries contain ids that are not RFC 4122 UUIDs, so any digits are accepted.
 */
export const IS_ID: RegExp = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** Most ids listed in a message. */
const IDS_SHOWN = 10;

/** Finds machines, or factories, by id or name, ignoring case. */
export class MachineFinder<M extends Named> {
  readonly #machines: Iterable<M>;
  #byId: ReadonlyMap<string, M> | undefined;
  #byName: ReadonlyMap<string, readonly M[]> | undefined;

  /** @param byId - The same machines by id, if such a map exists. */
  constructor(machines: Iterable<M>, byId?: ReadonlyMap<string, M>) {
    this.#machines = machines;
    this.#byId = byId;
  }

  /** The machine with an id, or all machines with a name; exact spellings win over other cases. */
  find(text: string): readonly M[] {
    this.#byId ??= new Map([...this.#machines].map((machine) => [machine.id, machine]));
    const known = this.#byId.get(text) ?? this.#byId.get(text.toLowerCase());
    if (known) return [known];
    // Most lookups in a large fleet are by id, so names are indexed only when needed.
    this.#byName ??= namesOf(this.#machines);
    const called = this.#byName.get(text.toLowerCase()) ?? [];
    const spelled = called.filter(({ name }) => name === text);
    return spelled.length > 0 ? spelled : called;
  }
}

/** Whether a text is the id or the name of a machine. */
export function isCalled({ id, name }: Named, text: string): boolean {
  return [id, name].some((each) => each.toLowerCase() === text.toLowerCase());
}

/** Explains that a name is ambiguous, and lists the ids of those that have it. */
export function ambiguity(
  text: string,
  found: readonly Named[],
  what: 'machines' | 'factories' = 'machines',
): string {
  const ids = found.slice(0, IDS_SHOWN).map(({ id }) => id);
  const more = found.length > IDS_SHOWN ? ` and ${found.length - IDS_SHOWN} more` : '';
  const count = `${found.length} ${what} are called ${JSON.stringify(text)}`;
  return `${count}; give one of the ids ${ids.join(', ')}${more}`;
}

function namesOf<M extends Named>(machines: Iterable<M>): ReadonlyMap<string, readonly M[]> {
  const byName = new Map<string, M[]>();
  for (const machine of machines) {
    const key = machine.name.toLowerCase();
    const called = byName.get(key);
    if (called) called.push(machine);
    else byName.set(key, [machine]);
  }
  return byName;
}
