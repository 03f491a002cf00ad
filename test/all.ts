/**
 * `npm test`: every test file, on the Node that runs this. Words after it select files:
 * `npm test -- golden reader`. `npm run test:long` runs the long forms of the voyages instead,
 * `--every-node` only what may differ between versions of Node.
 */
import { existsSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const LONG = '--long';
const EVERY_NODE = '--every-node';

/**
 * A test that hangs is ended after this, unless it has its own limit: the longest
 * file takes a fiftieth of it, so a busy computer does not fail it [ms].
 */
const HANGS_AFTER_MS = 1_200_000;

/**
 * Prefixes of test files that share a process: it takes a second to load the
 * code under test, and servers that tests only use can be shared too.
 */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  computing:
    'core physics site machines simulation encoding schema factory config golden tidy runtime package/l'.split(
      ' ',
    ),
  serving: ['api/', 'broker/', 'library', 'own-type', 'security'],
  storing: ['store/', 'service/registry', 'service/state', 'service/exports', 'service/t'],
  delivering: ['delivery/', 'outputs/', 'service/clock', 'service/observer', 'service/real-time'],
  judging: ['dataset/', 'report/', 'validation/'],
  sharing: ['cluster/history', 'cluster/connection', 'cluster/live/shared-clock'],
  documenting: ['docs/code', 'docs/english', 'docs/g', 'docs/l', 'docs/n'],
  deploying: ['deploy/compose', 'deploy/g', 'deploy/k', 'deploy/m', 'deploy/s', 'deploy/t'],
};

/**
 * The longest files go first, so that nothing waits for them at the end; those that compute are
 * mixed with those that mostly wait for servers.
 */
const FIRST =
  'storing web/ package/tarball judging voyage/outage voyage/soak delivering serving computing deploy/container'
    .split(' ')
    .concat(
      'docs/commands voyage/simulated sharing service/r service/assembly cli/report cli/run'.split(
        ' ',
      ),
    )
    .concat('voyage/ cluster/ deploying energy service/ cli/ package'.split(' '));

/**
 * What may differ between versions of Node: the arithmetic, the package as others use it, the
 * embedded database, whose WebAssembly is compiled by V8, and a live run. The rest is the same
 * JavaScript on the same Node APIs.
 */
const DIFFERS =
  'core/ physics/ site/ machines/ simulation/ encoding/ golden/ store/ library cli/run'
    .split(' ')
    .concat('api/stream');

/** A file system in memory on Linux; creating databases there takes a third of the time. */
const MEMORY = '/dev/shm';
/** More than all tests need there at the same time [bytes]. */
const ROOM_BYTES = 8e9;

function isRoomy(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize > ROOM_BYTES;
}

const folder = new URL('.', import.meta.url);
const given = process.argv.slice(2);
const isLong = given.includes(LONG);
const begins = (path: string, starts: readonly string[]) =>
  starts.some((start) => path.startsWith(start));
const wanted = given.filter((word) => !word.startsWith('--'));
const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith(isLong ? '.long.js' : '.test.js'))
  .filter((path) => wanted.length === 0 || wanted.some((name) => path.includes(name)))
  .filter((path) => !given.includes(EVERY_NODE) || begins(path, DIFFERS))
  .sort();
if (files.length === 0) throw new Error(`no test file matches ${wanted.join(', ')}`);

/** Writes a file that runs the selected files with a prefix. @returns Its name. */
function together(name: string, starts: readonly string[]): readonly string[] {
  const members = files.filter((path) => begins(path, starts));
  if (members.length === 0) return [];
  const imports = members.map((path) => `await import('./${path}');\n`);
  writeFileSync(new URL(`${name}.js`, folder), imports.join(''));
  return [`${name}.js`];
}

const groups = isLong ? [] : Object.entries(TOGETHER);
const alone = files.filter((path) => !groups.some(([, starts]) => begins(path, starts)));
const entries = [...groups.flatMap(([name, starts]) => together(name, starts)), ...alone];
const rank = (path: string) => {
  const place = FIRST.findIndex((start) => path.startsWith(start));
  return place < 0 ? FIRST.length : place;
};
if (isRoomy(MEMORY)) process.env['TMPDIR'] ??= MEMORY;
const tests = run({
  files: entries
    .sort((a, b) => rank(a) - rank(b))
    .map((path) => fileURLToPath(new URL(path, folder))),
  // Tests wait for servers most of the time, so four per core keep the cores busy.
  // Long tests measure, so they run alone.
  concurrency: isLong ? 1 : 4 * availableParallelism(),
  ...(!isLong && { timeout: HANGS_AFTER_MS }),
});
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
tests.compose(new spec()).pipe(process.stdout);
