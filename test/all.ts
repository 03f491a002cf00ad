/**
 * `npm test`: every test file, on the Node that runs this. Words after it choose files:
 * `npm test -- golden reader`. (Node 20 takes no patterns, and would run every file it finds.)
 * `npm run test:long` runs the long forms of the voyages instead, `--every-node` what may differ
 * between versions of Node.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const LONG = '--long';
const EVERY_NODE = '--every-node';

/**
 * A test that waits for ever is ended after this, a limit that no test has its own of: the longest
 * file takes a fiftieth of it, and a busy computer must not fail it [ms].
 */
const HANGS_AFTER_MS = 1_200_000;

/**
 * Tests that compute, and neither start a program nor change the process: they share one, which
 * saves the start of Node and of the code under test for each file.
 */
const SHARED = ['core', 'physics', 'site', 'machines', 'simulation', 'encoding', 'config', 'golden']
  .map((folder) => `${folder}/`)
  .concat('validation/statistics', 'report/histogram', 'report/tallies', 'tidy', 'readme')
  .concat('delivery/pace', 'delivery/read-ahead', 'delivery/spread-reader');

/**
 * What may differ between versions of Node: the arithmetic, the package as others use it, the
 * embedded database, whose WebAssembly is compiled by V8, and a live run. The rest is the same
 * JavaScript over interfaces of Node that these use, too.
 */
const DIFFERS = ['core', 'physics', 'site', 'machines', 'simulation', 'encoding', 'golden', 'store']
  .map((folder) => `${folder}/`)
  .concat('library', 'cli/run', 'api/stream');

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
const shared = isLong ? [] : files.filter((path) => begins(path, SHARED));
const others = files.filter((path) => !shared.includes(path));
// The shared process first: it takes longest.
const entries = [...(shared.length > 0 ? ['shared-process.js'] : []), ...others];
const options = ['--test'];
if (!isLong) options.push(`--test-timeout=${HANGS_AFTER_MS}`);
// Many tests wait for a server, so one more than there are cores keeps these busy. Long forms
// measure, and so have the computer to themselves.
options.push(`--test-concurrency=${isLong ? 1 : availableParallelism() + 1}`);
const { status } = spawnSync(
  process.execPath,
  [...options, ...entries.map((path) => fileURLToPath(new URL(path, folder)))],
  { stdio: 'inherit', env: { ...process.env, SHARED_TEST_FILES: shared.join(' ') } },
);
process.exitCode = status ?? 1;
