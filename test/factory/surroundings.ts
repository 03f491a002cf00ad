/** Configurations from given variables and files only, independent of the test's environment. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigError } from '../../src/core/errors.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { parseFactoryFile } from '../../src/factory/index.ts';
import { machineTypes } from '../../src/machines/index.ts';

/** An instant for tests in which the time of day matters. */
const NOW_MS = Date.UTC(2026, 5, 1);

/** Runs a function in a new folder with some files, and removes the folder. */
export function inFolder<T>(files: Readonly<Record<string, string>>, run: (cwd: string) => T): T {
  const cwd = mkdtempSync(join(tmpdir(), 'enms-config-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    return run(cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** The configuration that variables and files give. */
export function configure(
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
  options: { factory?: string; machines?: string } = {},
): Configuration {
  return inFolder(files, (cwd) => loadConfiguration({ options, env, cwd, nowMs: NOW_MS }));
}

/** The errors of a refused value, as `path: message`; none if it is accepted. */
export function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

/** The factories of a file's text. */
export function factoriesOf(text: string): readonly FactoryDescription[] {
  return parseFactoryFile(text, DEFAULT_CALENDAR, 'plant.yaml', machineTypes).factories;
}

/** A file of one factory with one machine, with additional keys in YAML's flow style. */
export function plant(machineKeys = '', factoryKeys = ''): string {
  return [
    'factories:',
    `  - name: Plant${factoryKeys ? `\n    ${factoryKeys}` : ''}`,
    '    machines:',
    `      - { name: Air, type: compressor${machineKeys ? `, ${machineKeys}` : ''} }`,
    '',
  ].join('\n');
}
