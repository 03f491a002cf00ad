import { nearestName } from '../core/errors.ts';
import { IS_ID } from '../core/machine-finder.ts';

/**
 * The route that a mistyped path probably meant, as the documentation writes it; undefined if none
 * is close.
 *
 * @param patterns - The routes, with parameters as `:name`.
 */
export function nearRoute(path: string, patterns: Iterable<string>): string | undefined {
  // An id is long and needs no comparison.
  const asked = path.split('/').map((part) => (IS_ID.test(part) ? '*' : part));
  const routes = new Map<string, string>();
  for (const pattern of patterns) {
    const expected = pattern.split('/');
    const shown = pattern.replace(/:(\w+)/g, '{$1}');
    if (haveSameEnd(asked, expected)) return shown;
    if (!haveNearParts(asked, expected)) continue;
    // A parameter has the value that the path has in its place.
    const filled = expected.map((part, i) => (part.startsWith(':') ? (asked[i] ?? part) : part));
    routes.set(filled.join('/'), shown);
  }
  const near = nearestName(asked.join('/'), routes.keys());
  return near === undefined ? undefined : routes.get(near);
}

/** Whether one path only has more in front than the other, such as /api or no /simulator. */
function haveSameEnd(asked: readonly string[], expected: readonly string[]): boolean {
  const parts = Math.min(asked.length, expected.length) - 1;
  const end = expected.slice(-parts);
  return (
    !end[0]?.startsWith(':') &&
    asked.slice(-parts).every((part, i) => part === end[i] || end[i]?.startsWith(':'))
  );
}

/** Whether each part of a path is that of the other, or may be a mistyped form of it. */
function haveNearParts(asked: readonly string[], expected: readonly string[]): boolean {
  return (
    asked.length === expected.length &&
    expected.every(
      (part, i) => part.startsWith(':') || nearestName(asked[i] ?? '', [part]) === part,
    )
  );
}
