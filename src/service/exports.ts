import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatasetError } from '../dataset/dataset-error.ts';
import { type GenerationOptions, generateDataset } from '../dataset/generation.ts';
import type { Manifest } from '../dataset/manifest.ts';
import type { DatasetRequest } from '../dataset/request.ts';
import type { Log } from '../runtime/log.ts';
import { CommandError } from './command-error.ts';
import {
  askForEnd,
  datasetFolder,
  type ExportRecord,
  exportIds,
  filesOf,
  folderBytes,
  isAskedForEnd,
  newRecord,
  readRecord,
  writeRecord,
} from './export-record.ts';
import { OwnedFolder } from './owned-folder.ts';

/** How much exports may take. */
export interface ExportLimits {
  /** Exports that run at once: each takes the processors that the factory leaves. */
  readonly running: number;
  /** Exports that are kept, running ones included. */
  readonly kept: number;
  /** Bytes of all of them together. */
  readonly bytes: number;
}

const LIMITS: ExportLimits = { running: 2, kept: 20, bytes: 20e9 };
/** An export is kept for a day after it ended [ms]. */
const KEPT_MS = 86_400_000;
/** So often is looked for those whose day is over [ms]. */
const SWEEP_MS = 600_000;
/** In a cluster, so often is looked for those whose process has died [ms]. */
const SHARED_SWEEP_MS = 5000;
/** In a cluster, so often is told how far an export is, and asked whether it is to end [ms]. */
const TELL_MS = 500;
/** Who asks another process for the end of an export waits for so long [ms]. */
const END_MAX_MS = 10_000;
/** Rows between two looks at how much is written: a second or less. */
const ROWS_WEIGHED = 500_000;
/** The factory itself needs a processor. */
const WORKERS = Math.max(1, availableParallelism() - 1);

/** Makes a dataset, wherever that is done. */
export type MakeDataset = (
  request: DatasetRequest,
  options: Omit<GenerationOptions, 'workers'>,
) => Promise<Manifest>;

/** Makes a dataset beside the running factory. */
export const makeBeside: MakeDataset = (request, options) =>
  generateDataset(request, { ...options, workers: WORKERS });

/** Why an export failed whose process is gone. */
const ENDED = 'the simulator ended before it was done; ask for it again';

interface Run {
  readonly end: AbortController;
  readonly finished: Promise<void>;
}

/** Other APIs of a cluster, whose exports are in the same folder: each answers for all of them. */
export interface Companions {
  readonly me: string;
  /** Whether a process lives that makes, or made, exports. */
  isAlive(id: string): boolean;
}

/** How exports are kept, other than where. */
export interface ExportsOptions {
  readonly limits?: Partial<ExportLimits>;
  /** Beside the running factory, if not given. */
  readonly make?: MakeDataset;
  /** Who uses the folder too; nobody, if not given. */
  readonly companions?: Companions | undefined;
  /** Real time, for tests of what passes away. */
  readonly nowMs?: () => number;
}

/**
 * Datasets that clients of the API ask for: made beside the running factory by processes of their
 * own, kept for a day in a folder that no other simulator uses.
 *
 * The APIs of a cluster may share it: each export's record in the folder says who makes it and how
 * far it is, so that any of them tells of it, hands out its files, or ends it.
 */
export class Exports {
  readonly #folder: string;
  readonly #owned: OwnedFolder;
  readonly #log: Log;
  readonly #limits: ExportLimits;
  readonly #make: MakeDataset;
  readonly #companions: Companions | undefined;
  readonly #nowMs: () => number;
  /** In the order in which they were asked for; of companions, as they were read last. */
  readonly #records = new Map<string, ExportRecord>();
  readonly #runs = new Map<string, Run>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    folder: string,
    log: Log,
    { limits, make = makeBeside, companions, nowMs = Date.now }: ExportsOptions = {},
  ) {
    this.#folder = folder;
    this.#owned = new OwnedFolder(folder);
    this.#log = log;
    this.#limits = { ...LIMITS, ...limits };
    this.#make = make;
    this.#companions = companions;
    this.#nowMs = nowMs;
  }

  /** Takes over what an earlier process left: whole exports stay, half ones are taken away. */
  async begin(): Promise<void> {
    const sweepMs = this.#companions ? SHARED_SWEEP_MS : SWEEP_MS;
    this.#timer = setInterval(() => {
      this.sweep().catch((error) => this.#log.warn({ err: error }, 'an old export stays'));
    }, sweepMs).unref();
    // What companions have is looked at whenever somebody asks.
    if (this.#companions || !existsSync(this.#folder)) return;
    try {
      await this.#owned.own();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return this.#log.warn({ reason: error.message }, 'there are no exports');
    }
    const found = exportIds(this.#folder).map((id) => ({
      id,
      record: readRecord(this.#folder, id),
    }));
    for (const { id, record } of found) if (!record) await this.#clear(id);
    const records = found.flatMap(({ record }) => record ?? []);
    for (const record of records.sort((a, b) => a.createdMs - b.createdMs)) {
      this.#records.set(record.id, record);
      if (record.state === 'running') await this.#fail(record.id, ENDED);
    }
    await this.sweep();
  }

  /** Ends what runs; it is gone after the next start. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { end } of this.#runs.values()) end.abort();
    await Promise.all([...this.#runs.values()].map(({ finished }) => finished));
    await this.#owned.release();
  }

  /** The newest first. */
  list(): readonly ExportRecord[] {
    this.#learn();
    return [...this.#records.values()].reverse();
  }

  /** @throws CommandError for an id that no export has. */
  get(id: string): ExportRecord {
    this.#learn();
    const record = this.#records.get(id.toLowerCase());
    if (!record) throw new CommandError('unknown', `no export has the id ${id}`);
    return record;
  }

  /**
   * Where a file of an export is.
   *
   * @param path - As the export lists it; no other file can be had.
   * @throws CommandError for one that the export does not list, or while it is not done.
   */
  file(id: string, path: string): { readonly path: string; readonly bytes: number } {
    const found = this.files(id).find(({ name }) => name === path);
    if (!found) throw new CommandError('unknown', `the export has no file ${path}`);
    return found;
  }

  /**
   * Where all files of an export are, by their names in the dataset.
   *
   * @throws CommandError while it is not done.
   */
  files(id: string): readonly { name: string; path: string; bytes: number }[] {
    const record = this.get(id);
    if (record.state !== 'done') throw new CommandError('conflict', 'the export is not done');
    const folder = datasetFolder(this.#folder, record.id);
    return record.files.map(({ path, bytes }) => ({ name: path, path: join(folder, path), bytes }));
  }

  /**
   * Begins an export.
   *
   * @throws CommandError where too many run or are kept, or too much is.
   */
  async create(request: DatasetRequest): Promise<ExportRecord> {
    if (!this.#companions) await this.#owned.own();
    await this.sweep();
    const { running, kept, bytes } = this.#limits;
    if (this.list().filter(({ state }) => state === 'running').length >= running)
      throw new CommandError('busy', `${running} exports are running; try again later`);
    if (this.#records.size >= kept)
      throw new CommandError('conflict', `${kept} exports are kept; remove one first`);
    if (this.#bytes() >= bytes) throw new CommandError('conflict', this.#fullText());
    const record = newRecord(request, this.#companions?.me ?? null, this.#nowMs());
    const { id } = record;
    try {
      writeRecord(this.#folder, record);
    } catch (cause) {
      throw new CommandError('unavailable', this.#reason(cause), [], { cause });
    }
    this.#records.set(id, record);
    const end = new AbortController();
    this.#runs.set(id, { end, finished: this.#carryOut(id, request, end) });
    return this.get(id);
  }

  /** Ends an export if it runs, and removes it with its files. */
  async remove(id: string): Promise<ExportRecord> {
    const record = this.get(id);
    const run = this.#runs.get(record.id);
    if (!run && record.state === 'running') {
      await this.#endByOwner(record);
      return record;
    }
    this.#records.delete(record.id);
    run?.end.abort();
    await run?.finished;
    await this.#clear(record.id);
    return record;
  }

  /** Removes what ended more than a day ago, and ends what a process has left that is gone. */
  async sweep(): Promise<void> {
    for (const { id, state, owner } of this.list()) {
      if (state !== 'running' || this.#runs.has(id)) continue;
      if (owner === null || !this.#companions?.isAlive(owner)) await this.#fail(id, ENDED);
    }
    const beforeMs = this.#nowMs() - KEPT_MS;
    for (const { id, endedMs } of this.list())
      if (endedMs !== null && endedMs < beforeMs && this.#records.has(id)) await this.remove(id);
  }

  /** Takes in what companions have begun, ended and removed. */
  #learn(): void {
    if (!this.#companions) return;
    const found = exportIds(this.#folder)
      .filter((id) => !this.#runs.has(id))
      .flatMap((id) => this.#unchanged(id) ?? readRecord(this.#folder, id) ?? []);
    const own = [...this.#records.values()].filter(({ id }) => this.#runs.has(id));
    this.#records.clear();
    for (const record of [...found, ...own].sort((a, b) => a.createdMs - b.createdMs))
      this.#records.set(record.id, record);
  }

  /** What is known of an export that has ended, which changes no more. */
  #unchanged(id: string): ExportRecord | undefined {
    const record = this.#records.get(id);
    return record?.state === 'running' ? undefined : record;
  }

  /** Has another process end an export that it makes. */
  async #endByOwner({ id, owner }: ExportRecord): Promise<void> {
    const isThere = () => readRecord(this.#folder, id) !== undefined;
    const untilMs = performance.now() + END_MAX_MS;
    try {
      askForEnd(this.#folder, id);
    } catch (cause) {
      throw new CommandError('unavailable', this.#reason(cause), [], { cause });
    }
    while (isThere() && this.#companions?.isAlive(owner as string)) {
      if (performance.now() > untilMs)
        throw new CommandError('unavailable', 'the process that makes the export does not answer');
      await pause(TELL_MS / 5);
    }
    await this.#clear(id);
  }

  /** Tells companions how far an export is, and ends it where one of them has ended it. */
  #tell(id: string): void {
    const record = this.#records.get(id);
    if (!record || !this.#runs.has(id)) return;
    const warn = (message: string) => (error: unknown) =>
      this.#log.warn({ reason: this.#reason(error) }, message);
    if (this.#isGivenUp(id) || isAskedForEnd(this.#folder, id)) {
      this.remove(id).catch(warn('an export that was to end left something behind'));
      return;
    }
    try {
      writeRecord(this.#folder, record);
    } catch (error) {
      warn('how far an export is could not be told')(error);
    }
  }

  /** Whether companions took this process for dead, and its export for one that has ended. */
  #isGivenUp(id: string): boolean {
    return this.#companions !== undefined && readRecord(this.#folder, id)?.state !== 'running';
  }

  async #carryOut(id: string, request: DatasetRequest, end: AbortController): Promise<void> {
    const folder = datasetFolder(this.#folder, id);
    const { signal } = end;
    const telling = this.#companions && setInterval(() => this.#tell(id), TELL_MS);
    let weighRows = ROWS_WEIGHED;
    const onProgress = (rows: number, allRows: number) => {
      this.#change(id, { rows, allRows });
      if (rows < weighRows) return;
      weighRows = rows + ROWS_WEIGHED;
      void this.#weigh(id, end);
    };
    try {
      const manifest = await this.#make(request, { folder, onProgress, signal });
      if (this.#isGivenUp(id)) return await this.#clear(id);
      const files = filesOf(folder, manifest);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      this.#end(id, { state: 'done', files, bytes });
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      // Whoever removed it, or ends the process, does not ask why.
      if (signal.aborted && !(reason instanceof DatasetError)) return;
      await this.#fail(id, this.#reason(reason));
    } finally {
      clearInterval(telling);
      this.#runs.delete(id);
    }
  }

  /** Looks how much an export has written, and ends it where all of them take too much. */
  async #weigh(id: string, end: AbortController): Promise<void> {
    this.#change(id, { bytes: await folderBytes(datasetFolder(this.#folder, id)) });
    if (this.#bytes() > this.#limits.bytes) end.abort(new DatasetError(this.#fullText()));
  }

  #bytes(): number {
    return this.list().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #fullText(): string {
    const gigabytes = this.#limits.bytes / 1e9;
    return `exports may take ${gigabytes} GB together; remove one, or ask for less`;
  }

  /** What went wrong, for clients, who know nothing of the server's folders. */
  #reason(error: unknown): string {
    if (error instanceof DatasetError) return error.message.replaceAll(this.#folder + sep, '');
    this.#log.warn({ err: error }, 'an export failed');
    return 'something went wrong inside; the log says what';
  }

  /** Frees what a half export took, and says why it is not whole. */
  async #fail(id: string, error: string): Promise<void> {
    await rm(datasetFolder(this.#folder, id), { recursive: true, force: true });
    try {
      this.#end(id, { state: 'failed', error, bytes: 0 });
    } catch (cause) {
      // Its record says that it runs; the next start finds it and takes it away.
      this.#log.warn({ reason: this.#reason(cause) }, 'an export that failed could not be noted');
      this.#change(id, { state: 'failed', error, bytes: 0, endedMs: this.#nowMs() });
    }
  }

  /** @throws DatasetError where it cannot be noted; then nothing has changed. */
  #end(id: string, ending: Partial<ExportRecord>): void {
    const record = this.#records.get(id);
    if (!record) return;
    const ended = { ...record, ...ending, endedMs: this.#nowMs() };
    writeRecord(this.#folder, ended);
    this.#records.set(id, ended);
  }

  /** Says how far one is that may have ended or been removed meanwhile. */
  #change(id: string, changes: Partial<ExportRecord>): void {
    const record = this.#records.get(id);
    if (record?.state === 'running') this.#records.set(id, { ...record, ...changes });
  }

  async #clear(id: string): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }
}
