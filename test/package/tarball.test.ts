/** The package as packed by npm, in another project. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const project = mkdtempSync(join(tmpdir(), 'enms-package-'));
after(() => rmSync(project, { recursive: true, force: true }));

/** Runs a program in the project. @returns Its output if it failed. */
function run(program: string, ...words: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd: project, encoding: 'utf8' });
  return status === 0 ? undefined : `${stdout}${stderr}`;
}

/** The errors of a strict compiler in files of the project, without Node's types. */
function compiled(code: Readonly<Record<string, string>>): string {
  const strict = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  };
  for (const [name, text] of Object.entries(code)) writeFileSync(join(project, name), text);
  const files = Object.keys(code);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: strict, files }));
  return run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.') ?? '';
}

before(() => {
  const installed = join(project, 'node_modules/enms-simulator');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  assert.equal(run('npm', 'pack', root, '--ignore-scripts', '--loglevel=error'), undefined);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const tarball = `enms-simulator-${version}.tgz`;
  assert.equal(run('tar', '-xzf', tarball, '--strip-components=1', '-C', installed), undefined);
});

test('the README’s example compiles in a strict project, and type errors are detected', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code, 'the README has no TypeScript');
  const wrong = `
    import { createFleet, DEFAULT_FACTORY, type FactoryDescription } from 'enms-simulator';
    const factory: FactoryDescription = { ...DEFAULT_FACTORY, name: 'Plant' };
    export const fleet = createFleet([factory], { seed: 'seven' });
  `;
  const [first, ...others] = compiled({ 'readme.ts': code, 'wrong.ts': wrong })
    .trimEnd()
    .split('\n');
  assert.match(first ?? '', /^wrong\.ts\(4,.*string.*number/);
  // More about the same error, but no other one.
  assert.deepEqual(
    others.filter((line) => !line.startsWith(' ')),
    [],
  );
});
