/** Shared by the tests of datasets: requests for short windows, folders and their contents. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { FactoryDescription } from '../../src/core/factory.ts';
import type { AnswerKey } from '../../src/dataset/answer-key.ts';
import { beginDataset } from '../../src/dataset/dataset-folder.ts';
import { generateDataset } from '../../src/dataset/generation.ts';
import type { FileEntry, Manifest } from '../../src/dataset/manifest.ts';
import { planOf } from '../../src/dataset/plan.ts';
import type { DatasetRequest } from '../../src/dataset/request.ts';
import type { WorkResult } from '../../src/dataset/workplace.ts';
import { Workplace } from '../../src/dataset/workplace.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';

export const FROM_MS = Date.UTC(2026, 0, 14, 10);
const HOUR_MS = 3_600_000;

/** A request for some hours of the default factory, by default as CSV. */
export function requestOf(
  changes: Partial<DatasetRequest> = {},
  hours = 1,
  factory: FactoryDescription = DEFAULT_FACTORY,
): DatasetRequest {
  const fromMs = changes.fromMs ?? FROM_MS;
  return {
    version: '0.0.0',
    factories: [factory],
    seed: 42,
    settings: DEFAULT_SETTINGS,
    events: [],
    fromMs,
    toMs: fromMs + hours * HOUR_MS,
    machineIds: factory.machines.map(({ id }) => id),
    format: 'csv',
    compression: 'none',
    partition: 'day',
    hasLabels: false,
    hasClean: false,
    command: 'enms-simulator generate',
    ...changes,
  };
}

/** The default factory in which the pump leaks from one hour after {@link FROM_MS} on. */
export const LEAKING: FactoryDescription = {
  ...DEFAULT_FACTORY,
  machines: DEFAULT_FACTORY.machines.map((machine) =>
    machine.type === 'pump'
      ? {
          ...machine,
          faults: [
            { type: 'seal_leak', startS: FROM_MS / 1000 + 3600, durationS: 3600, severity: 5 },
          ],
        }
      : machine,
  ),
};

/** A folder that does not exist yet, and is removed after the tests. */
export function freshFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'enms-dataset-'));
  after(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'dataset');
}

/** A dataset for one test. */
export interface Made {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Makes a dataset in its own folder, in worker processes as for a user. */
export async function generated(request: DatasetRequest, workers = 1): Promise<Made> {
  const folder = freshFolder();
  return { folder, manifest: await generateDataset(request, { folder, workers }) };
}

/** Makes a dataset in its own folder, in this process. */
export async function made(request: DatasetRequest): Promise<Made> {
  const folder = freshFolder();
  const workplace = new Workplace({ kind: 'files', request, folder });
  const plan = planOf(request, workplace.fleet('actual'));
  const files: FileEntry[] = [];
  const truths: AnswerKey[] = [];
  for (const index of beginDataset(request, folder, plan).tasks) {
    const result = await workplace.do({ kind: 'task', index }, () => {});
    if (result.kind === 'files') files.push(...result.files);
    if (result.kind === 'truths') truths.push(...result.truths);
  }
  const result = await workplace.do({ kind: 'finish', files, truths }, () => {});
  return { folder, manifest: (result as WorkResult & { kind: 'manifest' }).manifest };
}

/** A copy of a dataset, for a test that damages it. */
export function copied({ folder }: Made): string {
  const copy = freshFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** Every file below a folder, with `/`, in order. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}

/** The rows of a CSV without quotes, by column. */
export function csvRows(...path: readonly string[]): Record<string, string>[] {
  const [header = '', ...lines] = readFileSync(join(...path), 'utf8')
    .trimEnd()
    .split('\n');
  const names = header.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, cells[i] as string]));
  });
}
