/** Where the program cannot run, it says so in one sentence. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { transform } from 'esbuild';
import { MAIN } from '../main-program.ts';

const entry = join(import.meta.dirname, '../../main.js');

/** Runs a program. @returns Its exit code and what it printed on standard error. */
function run(program: string, ...words: readonly string[]) {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  return { status, stderr };
}

test('an old Node is refused', () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '18.20.8' } });`;
  const module = `data:text/javascript,${encodeURIComponent(pretend)}`;
  assert.deepEqual(run(process.execPath, '--import', module, MAIN), {
    status: 2,
    stderr: 'enms-simulator: Node 18.20.8 is too old; install Node 20.19 or later\n',
  });
});

test('the oldest Node that is accepted is that of package.json', () => {
  const description = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8');
  const oldest = JSON.parse(description).engines.node.replace('>=', '');
  assert.match(readFileSync(entry, 'utf8'), new RegExp(`NODE_MIN = "${oldest}"`));
});

test('Nodes from 14 on can read the entry', async () => {
  const code = readFileSync(entry, 'utf8');
  const [as14, asWritten] = await Promise.all(
    ['node14', 'esnext'].map((target) => transform(code, { target })),
  );
  assert.equal(as14?.code, asWritten?.code);
});

const skip = process.platform === 'win32' && 'Windows has no limit of open files';

test('too few file descriptors are refused', { skip }, () => {
  const command = 'ulimit -n 40 && exec "$0" "$@"';
  assert.deepEqual(run('sh', '-c', command, process.execPath, MAIN), {
    status: 2,
    stderr:
      'enms-simulator: this process may only open 40 files at the same time; ' +
      'allow more, for example with: ulimit -n 1024\n',
  });
});
