/** Why a change of the registry was refused though it is well-formed. */
export type ConflictKind =
  | 'unknown-factory'
  | 'unknown-machine'
  | 'duplicate-id'
  | 'duplicate-name'
  | 'duplicate-topic'
  /** What goes with a deletion was not confirmed, or has changed since. */
  | 'unconfirmed'
  /** A rule of the database's own. */
  | 'refused';

/** A change of the registry that does not go with what is in it; nothing was changed. */
export class RegistryConflict extends Error {
  readonly kind: ConflictKind;
  /** The field that is in the way. */
  readonly path: string;
  /** Of a deletion: the rows that go with it, by table. */
  readonly counts: Readonly<Record<string, number>>;

  constructor(
    kind: ConflictKind,
    path: string,
    message: string,
    counts: Readonly<Record<string, number>> = {},
  ) {
    super(message);
    this.name = 'RegistryConflict';
    this.kind = kind;
    this.path = path;
    this.counts = counts;
  }
}
