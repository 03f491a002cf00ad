/** An error in user input: where it is, what was found and what is accepted. */
export interface Diagnostic {
  /** Path of the offending value: `machines.2.interval`, `MQTT_PORT`. */
  readonly path: string;
  /** A sentence: what was found and what is accepted. */
  readonly message: string;
}

/**
 * Invalid input. It reports all errors at once, so that one round of fixes is enough. Shown
 * without a stack trace; the process exits with 2, the API answers 422.
 */
export class ConfigError extends Error {
  readonly faults: readonly Diagnostic[];

  constructor(faults: readonly Diagnostic[]) {
    super(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** The message of an error of the system, a driver or a server; its code or name if it has none. */
export function errorText(error: unknown): string {
  // An error for several addresses has no message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0]);
  const { message, code, name } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return message || String(code || name || error);
}

/** Most errors reported at once: more would not help, and a request may contain 100,000. */
export const FAULTS_MAX = 50;

/** Longest name to look for a similar one; a longer name is not a typo. */
const COMPARED_CHARS_MAX = 64;
/** Most known names to compare with; beyond that, a similar name is hardly the intended one. */
const COMPARED_MAX = 1000;

/** The name among `known` that a mistyped `name` probably meant; undefined if none is close. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > COMPARED_CHARS_MAX) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  let compared = 0;
  for (const candidate of known) {
    if (compared++ === COMPARED_MAX) break;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** The end of a sentence about an unknown name: a suggestion, or all known names. */
export function knownNames(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near ? `did you mean ${near}?` : `accepted are ${known.join(', ') || 'none'}`;
}

/** Characters to insert, delete or replace to turn `a` into `b`, capped at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      const distance = Math.min(
        (previous[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (previous[j - 1] as number) + change,
      );
      row[j] = distance;
      least = Math.min(least, distance);
    }
    if (least >= limit) return limit;
    previous = row;
  }
  return previous[b.length] as number;
}

/** Longest part of a client's text that is quoted in an answer. */
const REPEATED_CHARS_MAX = 80;

/** The start of a text, to quote it in a message. */
export function clipped(text: string): string {
  return text.length > REPEATED_CHARS_MAX ? `${text.slice(0, REPEATED_CHARS_MAX)}…` : text;
}
