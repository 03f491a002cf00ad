/** An error in what a user gave: where it is, what was found and what is accepted. */
export interface Diagnostic {
  /** Path of the offending value: `machines.2.interval`, `MQTT_PORT`. */
  readonly path: string;
  /** A sentence: what was found and what is accepted. */
  readonly message: string;
}

/**
 * Input that cannot be used: all errors at once, so that one round of fixes is enough.
 * Shown without a stack; the process exits with 2, the API answers 422.
 */
export class ConfigError extends Error {
  readonly faults: readonly Diagnostic[];

  constructor(faults: readonly Diagnostic[]) {
    super(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Errors that are reported at once: more would not help, and a request may hold 100,000. */
export const FAULTS_MAX = 50;

/** The longest name that is compared with others; a longer one is no typing error. */
const COMPARED_CHARS_MAX = 64;
/** Names that one is compared with; among more, a similar one is hardly what was meant. */
const COMPARED_MAX = 1000;

/** The name among `known` that a mistyped `name` was probably meant to be, if any is close. */
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

/** The end of a sentence about an unknown name: what it may have meant, or all known names. */
export function knownNames(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near ? `did you mean ${near}?` : `accepted are ${known.join(', ') || 'none'}`;
}

/** Characters to insert, delete or replace to turn `a` into `b`, up to `limit`. */
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

/** The longest piece of a client's text that is repeated to it. */
const REPEATED_CHARS_MAX = 80;

/** The beginning of a text, for a sentence about it. */
export function clipped(text: string): string {
  return text.length > REPEATED_CHARS_MAX ? `${text.slice(0, REPEATED_CHARS_MAX)}…` : text;
}
