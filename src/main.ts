#!/usr/bin/env node
/**
 * The entry: refuses to start where nothing would work. An old Node must be able to read it, so it
 * has no recent syntax, and it loads everything else afterwards.
 */

/** As in `engines` of package.json. */
const NODE_MIN = '20.19';
/** The embedded database and the modules of the program take up to 200 at the same time. */
const OPEN_FILES_MIN = 256;

/** Why it cannot run here; undefined if it can. */
function obstacle(): string | undefined {
  const { node } = process.versions;
  if (isOlder(node)) return `Node ${node} is too old; install Node ${NODE_MIN} or later`;
  const openFilesMax = openFilesLimit();
  if (openFilesMax < OPEN_FILES_MIN)
    return (
      `this process may only open ${openFilesMax} files at the same time; ` +
      'allow more, for example with: ulimit -n 1024'
    );
  return undefined;
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN.split('.').map(Number);
  return major < majorMin || (major === majorMin && minor < minorMin);
}

/** What `ulimit -n` says; infinity if there is no limit. */
function openFilesLimit(): number {
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | 'unlimited' } };
  };
  const soft = report.userLimits ? report.userLimits.open_files.soft : 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}

const reason = obstacle();
if (reason === undefined) void import('./process.ts');
else {
  console.error(`enms-simulator: ${reason}`);
  process.exitCode = 2;
}
