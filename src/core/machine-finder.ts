/** What a machine is called by. */
interface Named {
  readonly id: string;
  readonly name: string;
}

/** Tells an id from a name: registries hold ids that are no RFC 4122 UUIDs, so any digits do. */
export const IS_ID: RegExp = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** Ids that a message lists. */
const IDS_SHOWN = 10;

/** Finds machines by their ids or names, in upper or lower case. */
export class MachineFinder<M extends Named> {
  readonly #machines: Iterable<M>;
  #byId: ReadonlyMap<string, M> | undefined;
  #byName: ReadonlyMap<string, readonly M[]> | undefined;

  /** @param byId - The same machines by their ids, where they are known so already. */
  constructor(machines: Iterable<M>, byId?: ReadonlyMap<string, M>) {
    this.#machines = machines;
    this.#byId = byId;
  }

  /** The machine of an id, or else all of a name: if some are spelled just so, only those. */
  find(text: string): readonly M[] {
    this.#byId ??= new Map([...this.#machines].map((machine) => [machine.id, machine]));
    const known = this.#byId.get(text) ?? this.#byId.get(text.toLowerCase());
    if (known) return [known];
    // A large fleet is mostly asked by ids.
    this.#byName ??= namesOf(this.#machines);
    const called = this.#byName.get(text.toLowerCase()) ?? [];
    const spelled = called.filter(({ name }) => name === text);
    return spelled.length > 0 ? spelled : called;
  }
}

/** Whether a text is a machine's id or name. */
export function isCalled({ id, name }: Named, text: string): boolean {
  return [id, name].some((each) => each.toLowerCase() === text.toLowerCase());
}

/** Why a name that several machines have is not enough, with their ids. */
export function ambiguity(text: string, machines: readonly Named[]): string {
  const ids = machines.slice(0, IDS_SHOWN).map(({ id }) => id);
  const more = machines.length > IDS_SHOWN ? ` and ${machines.length - IDS_SHOWN} more` : '';
  const count = `${machines.length} machines are called ${JSON.stringify(text)}`;
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
