/**
 * `npm test`: every test file, on the Node that runs this. Names after it choose files:
 * `npm test -- golden reader`. (Node 20 takes no patterns, and would run every file it finds.)
 * `npm run test:long` runs the long forms of the voyages in their place.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LONG = '--long';
/** No test file takes a fifth of this; some of the long forms take an hour [ms]. */
const HANGS_AFTER_MS = 600_000;

const folder = new URL('.', import.meta.url);
const given = process.argv.slice(2);
const isLong = given.includes(LONG);
const wanted = given.filter((name) => name !== LONG);
const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith(isLong ? '.long.js' : '.test.js'))
  .filter((path) => wanted.length === 0 || wanted.some((name) => path.includes(name)))
  .sort()
  .map((path) => fileURLToPath(new URL(path, folder)));
if (files.length === 0) throw new Error(`no test file matches ${wanted.join(', ')}`);
const options = ['--test'];
// A test that hangs, or leaves something open, must not hold CI up; on a desk it shows, as the run
// does not end. (To force the end of a file loses what Node 22 and 24 have not reported by then.)
if (process.env['CI'] && !isLong) options.push(`--test-timeout=${HANGS_AFTER_MS}`);
// They measure, and so have the computer to themselves.
if (isLong) options.push('--test-concurrency=1');
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
