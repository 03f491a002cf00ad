/** Commands whose reader, such as `head`, closes the pipe. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { MAIN } from '../main-program.ts';
import { freshDirectory } from './program.ts';

const cwd = freshDirectory();
/** What shells report for a program that a closed pipe ended: 128 + SIGPIPE. */
const PIPE_CLOSED = 141;

test('a stream of records ends without a word when its reader has seen enough', async () => {
  const window = ['--from', '2026-01-01', '--to', '2026-03-01'];
  const child = spawn(process.execPath, [MAIN, 'generate', ...window, '--out', '-'], {
    cwd,
    env: {},
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [exitCode] = await once(child, 'close');
  assert.deepEqual([exitCode, said], [PIPE_CLOSED, '']);
});

test('so does any other command, also if its errors go to the pipe', () => {
  // More than a pipe holds, so that it is still writing when its reader has gone.
  const fleet = 'check --machines 20000 --json';
  for (const line of [`${fleet} | head -c 1`, `${fleet} 2>&1 | head -c 1`]) {
    const { stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', `"$0" "$1" ${line}; echo ":\${PIPESTATUS[0]}"`, process.execPath, MAIN],
      { cwd, env: { PATH: process.env['PATH'] }, encoding: 'utf8' },
    );
    assert.deepEqual([stdout, stderr], [`{:${PIPE_CLOSED}\n`, '']);
  }
});
