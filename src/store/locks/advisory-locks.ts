/** The first number of all our advisory locks, "enms", so that they are ours alone. */
const OURS = 0x656e6d73;

/**
 * The advisory locks of PostgreSQL that the simulator takes, each by two numbers. No two are equal,
 * so that waiting for one never means waiting for the work of another.
 */
export const ADVISORY_LOCKS = {
  /** Held by the one simulator of a database, or shared by all processes of its cluster. */
  simulator: [OURS, 1],
  /** Held while the schema is brought up to date. */
  migration: [OURS, 2],
  /** Held while a row of the registry is changed. */
  registryChange: [OURS, 3],
  /** Held while a process joins a cluster, which may take minutes. */
  joining: [OURS, 4],
} as const;
