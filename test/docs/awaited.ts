/**
 * Commands, options, variables and paths that the pages name before they exist. Empty this set when
 * they all do.
 */
export const AWAITED: ReadonlySet<string> = new Set([
  ...['inject', 'clear', 'status', 'watch', 'open', 'wide', 'split'],
  ...['API_LOCAL_ADDRESSES', 'SINK_POSTGRES_EXPECTED', 'Dashboard'],
  ...['deploy/helm', 'examples/node-red', 'examples/notebooks'],
]);

/** Whether a path lies in a folder that is awaited. */
export function isAwaitedPath(path: string): boolean {
  return [...AWAITED].some((folder) => folder.includes('/') && path.startsWith(folder));
}
