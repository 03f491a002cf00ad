/**
 * The first number of all our advisory locks, "enms", which keeps them apart from other programs'.
 */
const OURS = 0x656e6d73;

/**
 * The PostgreSQL advisory locks of the simulator, each with two numbers. No two are equal, so that
 * waiting for one never means waiting for unrelated work.
 */
export const ADVISORY_LOCKS = {
  /** Held by the single simulator of a database, or shared by all processes of its cluster. */
  simulator: [OURS, 1],
  /** Held while the schema is migrated. */
  migration: [OURS, 2],
  /** Held while a row of the registry changes. */
  registryChange: [OURS, 3],
  /** Held while a process joins a cluster, which may take minutes. */
  joining: [OURS, 4],
} as const;
