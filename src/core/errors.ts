/** One fault in what a user gave: where it is, what was found there and what is accepted. */
export interface Fault {
  /** Path of the offending value: `machines.2.interval`, `MQTT_PORT`. */
  readonly path: string;
  /** A sentence: what was found and what is accepted. */
  readonly message: string;
}

/**
 * Input that cannot be used: all faults at once, so that one round of mending is enough.
 * Shown without a stack; the process exits with 2, the API answers 422.
 */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** The name among `known` that a mistyped `name` was probably meant to be, if one is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** What an unknown name may have meant, or all that there are: the end of a sentence. */
export function knownNames(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near ? `did you mean ${near}?` : `accepted are ${known.join(', ') || 'none'}`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(
        (previous[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (previous[j - 1] as number) + change,
      );
    }
    previous = row;
  }
  return previous[b.length] as number;
}
