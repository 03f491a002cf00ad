/** `validate` as a user sees it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { run } from './program.ts';

const cwd = mkdtempSync(join(tmpdir(), 'enms-validate-'));
after(() => rmSync(cwd, { recursive: true }));

const validate = (...words: readonly string[]) => run(['validate', ...words], cwd);

test('validate prints each check with its value, range and source, and exits with 0', async () => {
  const { status, stdout, stderr } = await validate('--only', 'pump.oil', '--html', 'table.html');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^pump\.oil .* 40 to 60 +degC +pass .* hydraulic practice 40-60 degC$/m);
  assert.match(readFileSync(join(cwd, 'table.html'), 'utf8'), /<td>pump\.oil<\/td>/);
});

test('validate exits with 1 if a machine deviates from published data', async () => {
  const file = join(cwd, 'factory.yaml');
  const machine = 'name: Press, type: pump, parameters: { defect_share: 0.008, hold_s: 300 }';
  writeFileSync(file, `factories:\n  - name: Plant\n    machines:\n      - { ${machine} }\n`);
  const { status, stdout } = await validate('--factory', file, '--only', 'pump.parts', '--json');
  const { failed, checks } = JSON.parse(stdout);
  assert.deepEqual([status, failed], [1, 1]);
  assert.equal(checks[0].outcome, 'fail');
  assert.ok(checks[0].value.most < 30, 'a press that holds for five minutes makes few parts');
});

test('validate refuses an unknown check or an invalid seed, and exits with 2', async () => {
  const unknown = await validate('--only', 'steam');
  assert.deepEqual([unknown.status, unknown.stdout], [2, '']);
  assert.match(unknown.stderr, /^--only: no check starts with steam; common, grid, weather, comp/);
  assert.equal((await validate('--seed', '-1.5')).status, 2);
  assert.equal((await validate('--seed', '9007199254740992')).status, 2);
});
