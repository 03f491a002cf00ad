/** What `npm ci` installs, on the oldest Node that the package names. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { minVersion, satisfies } from 'semver';

const root = join(import.meta.dirname, '../../..');
const { engines, allowScripts } = read('package.json');

interface Package {
  readonly version: string;
  readonly engines?: { readonly node?: string };
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

function read(name: string) {
  return JSON.parse(readFileSync(join(root, name), 'utf8'));
}

const locked = Object.entries<Package>(read('package-lock.json').packages)
  .filter(([path]) => path !== '')
  .map(([path, each]) => ({ ...each, name: path.slice(path.lastIndexOf('node_modules/') + 13) }));

test('no package asks for a newer Node than this one', () => {
  const oldest = minVersion(engines.node);
  assert.ok(oldest);
  const tooNew = locked
    .filter(({ optional }) => optional !== true)
    .filter((each) => each.engines?.node && !satisfies(oldest, each.engines.node))
    .map((each) => `${each.name} ${each.version} needs Node ${each.engines?.node}`);
  assert.deepEqual(tooNew, []);
});

test('npm is told about every install script, and runs none', () => {
  const names = locked.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
  assert.deepEqual(allowScripts, Object.fromEntries(names.map((name) => [name, false])));
});
