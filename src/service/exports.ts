import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join, sep } from 'node:path';
import { DatasetError } from '../dataset/dataset-error.ts';
import { type GenerationOptions, generateDataset } from '../dataset/generation.ts';
import type { FileEntry, Manifest } from '../dataset/manifest.ts';
import type { DatasetRequest } from '../dataset/request.ts';
import { makeFolder } from '../dataset/whole-file.ts';
import type { Log } from '../runtime/log.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { sleep } from '../runtime/sleep.ts';
import { aliveMembers } from '../store/cluster/members.ts';
import type { Queries } from '../store/database.ts';
import {
  addExport,
  deleteExport,
  type ExportRow,
  type ExportState,
  loadExportFiles,
  loadExports,
  requestExportEnd,
  saveExport,
} from '../store/export-rows.ts';
import { persist } from '../store/persist.ts';
import { StoreError } from '../store/store-error.ts';
import { CommandError } from './command-error.ts';
import { ExportFolder } from './export-folder.ts';

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
/** How often exports whose day is over are looked for [ms]. */
const SWEEP_MS = 600_000;
/** How often a cluster looks for exports whose process has died [ms]. */
const SHARED_SWEEP_MS = 5000;
/** How often an export records how far it is, and learns whether it is to end [ms]. */
const REPORT_MS = 500;
/** How long another process may take to end an export that it makes [ms]. */
const END_MAX_MS = 10_000;
const END_POLL_MS = 100;
/** Rows between two looks at how much an export has written: a second or less. */
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

/** An export without its files, with the part of the request that is shown to clients. */
export type ExportSummary = ExportRow<
  Omit<DatasetRequest, 'version' | 'factories' | 'seed' | 'settings' | 'events' | 'command'>
>;

/** An export. */
export interface ExportRecord extends ExportSummary {
  /** Once it is done, its files with the manifest. */
  readonly files: readonly FileEntry[];
}

/** An export that this process makes. */
interface Run {
  readonly end: AbortController;
  state: ExportState;
  finished: Promise<void>;
}

/** How exports are kept, other than where. */
export interface ExportsOptions {
  readonly limits?: Partial<ExportLimits>;
  /** Beside the running factory, if not given. */
  readonly make?: MakeDataset;
  /** Id of this member of a cluster, whose APIs share the table; none for a single simulator. */
  readonly member?: string | undefined;
  /** Real time, for tests of what expires. */
  readonly nowMs?: () => number;
}

/**
 * Datasets that clients of the API ask for, made beside the running factory by processes of their
 * own. A table says how far each of them is; the files are in a folder for a day.
 *
 * The APIs of a cluster share the table. Where they share the folder as well, any of them lists an
 * export, hands out its files, or ends it.
 */
export class Exports {
  readonly #database: Queries | undefined;
  readonly #folder: ExportFolder;
  readonly #log: Log;
  readonly #limits: ExportLimits;
  readonly #make: MakeDataset;
  readonly #member: string | undefined;
  readonly #nowMs: () => number;
  readonly #runs = new Map<string, Run>();
  /** One export begins after the other, so that limits hold; and none while old ones are swept. */
  readonly #creating = new SerialQueue();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** @param database - Where the records are; none in a simulator without a store. */
  constructor(
    database: Queries | undefined,
    folder: string,
    log: Log,
    { limits, make = makeBeside, member, nowMs = Date.now }: ExportsOptions = {},
  ) {
    this.#database = database;
    this.#folder = new ExportFolder(folder);
    this.#log = log;
    this.#limits = { ...LIMITS, ...limits };
    this.#make = make;
    this.#member = member;
    this.#nowMs = nowMs;
  }

  /** Takes over what an earlier process left: whole exports stay, half ones are removed. */
  async begin(): Promise<void> {
    if (!this.#database) return;
    const sweepMs = this.#member ? SHARED_SWEEP_MS : SWEEP_MS;
    this.#timer = setInterval(() => {
      const swept = this.#creating.run(() => this.sweep());
      swept.catch(this.#warning('an old export stays'));
    }, sweepMs).unref();
    try {
      if (!this.#member && existsSync(this.#folder.path)) await this.#folder.lock();
      await this.#takeOver();
      await this.sweep();
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof StoreError)) throw error;
      this.#log.warn({ reason: error.message }, 'there are no exports');
    }
  }

  /** Ends what runs; after the next start it has failed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    for (const { end } of this.#runs.values()) end.abort();
    await Promise.all([...this.#runs.values()].map(({ finished }) => finished));
    await this.#folder.unlock();
  }

  /** The exports, newest first. */
  list(): Promise<readonly ExportSummary[]> {
    return this.#present();
  }

  /** @throws CommandError for an id that no export has. */
  async get(id: string): Promise<ExportRecord> {
    const [row] = await this.#present(id.toLowerCase());
    if (!row) throw new CommandError('unknown', `no export has the id ${id}`);
    return { ...row, files: await loadExportFiles<FileEntry>(this.#queries, row.id) };
  }

  /**
   * Where a file of an export is.
   *
   * @param path - As the export lists it; no other file can be had.
   * @throws CommandError for one that the export does not list, or while it is not done.
   */
  async file(id: string, path: string): Promise<{ readonly path: string; readonly bytes: number }> {
    const found = (await this.files(id)).find(({ name }) => name === path);
    if (!found) throw new CommandError('unknown', `the export has no file ${path}`);
    return found;
  }

  /**
   * Where all files of an export are, by their names in the dataset.
   *
   * @throws CommandError while it is not done.
   */
  async files(id: string): Promise<readonly { name: string; path: string; bytes: number }[]> {
    const record = await this.get(id);
    if (record.state !== 'done') throw new CommandError('conflict', 'the export is not done');
    const folder = this.#folder.dataset(record.id);
    return record.files.map(({ path, bytes }) => ({ name: path, path: join(folder, path), bytes }));
  }

  /**
   * Begins an export.
   *
   * @throws CommandError where too many run or are kept, or too much is.
   */
  create(request: DatasetRequest): Promise<ExportRecord> {
    return this.#creating.run(async () => {
      if (!this.#member) await this.#folder.lock();
      await this.sweep();
      this.#checkLimits(await this.list());
      const record = newRecord(request, this.#member ?? null, this.#nowMs());
      const { id } = record;
      try {
        makeFolder(this.#folder.of(id));
      } catch (cause) {
        throw new CommandError('unavailable', this.#reason(cause), [], { cause });
      }
      await addExport(this.#queries, basename(this.#folder.path), record);
      const run = { end: new AbortController(), state: BEGUN, finished: Promise.resolve() };
      this.#runs.set(id, run);
      run.finished = this.#carryOut(id, request, run);
      return this.get(id);
    });
  }

  /** Ends an export if it runs, and removes it with its files. */
  async remove(id: string): Promise<ExportRecord> {
    const record = await this.get(id);
    if (record.state === 'running' && !this.#runs.has(record.id)) await this.#endByOwner(record);
    await this.#discard(record.id);
    return record;
  }

  /** Removes what ended more than a day ago, and fails what the process that made it has left. */
  async sweep(): Promise<void> {
    const beforeMs = this.#nowMs() - KEPT_MS;
    for (const row of await this.#rows()) {
      if (row.state === 'running' && !this.#runs.has(row.id) && !(await this.#isAlive(row.owner)))
        await this.#fail(row.id, row, ENDED);
      if (row.endedMs !== null && row.endedMs < beforeMs) await this.#discard(row.id);
    }
  }

  get #queries(): Queries {
    if (this.#database) return this.#database;
    throw new CommandError('unavailable', 'a simulator without a database makes no exports');
  }

  #rows(id?: string): Promise<readonly ExportSummary[]> {
    return loadExports(this.#queries, basename(this.#folder.path), id);
  }

  /** The exports with files here, newest first; only one of them, if its id is given. */
  async #present(givenId?: string): Promise<readonly ExportSummary[]> {
    return (await this.#rows(givenId))
      .filter(({ id }) => existsSync(this.#folder.of(id)))
      .map((row) => ({ ...row, ...(row.state === 'running' && this.#runs.get(row.id)?.state) }))
      .reverse();
  }

  /** Whether a process of the cluster lives that makes, or made, exports. */
  async #isAlive(owner: string | null): Promise<boolean> {
    return (await aliveMembers(this.#queries)).some(({ id }) => id === owner);
  }

  #checkLimits(exports: readonly ExportSummary[]): void {
    const { running, kept, bytes } = this.#limits;
    if (exports.filter(({ state }) => state === 'running').length >= running)
      throw new CommandError('busy', `${running} exports are running; try again later`);
    if (exports.length >= kept)
      throw new CommandError('conflict', `${kept} exports are kept; remove one first`);
    if (bytesOf(exports) >= bytes) throw new CommandError('conflict', this.#fullText());
  }

  /**
   * Takes in exports of versions that kept their records as files. Other folders that no row knows
   * are removed; a whole one stays for a day, since it may be known to another database.
   */
  async #takeOver(): Promise<void> {
    const known = new Set((await this.#rows()).map(({ id }) => id));
    const beforeMs = this.#nowMs() - KEPT_MS;
    for (const id of this.#folder.ids()) {
      if (known.has(id)) continue;
      const record = this.#folder.oldRecord(id) as ExportRecord | undefined;
      if (record) await addExport(this.#queries, basename(this.#folder.path), record);
      else if (!this.#member && this.#folder.wholeSinceMs(id) < beforeMs) await this.#clear(id);
    }
  }

  /** Has another process end an export that it makes. */
  async #endByOwner({ id, owner }: ExportSummary): Promise<void> {
    const untilMs = performance.now() + END_MAX_MS;
    await requestExportEnd(this.#queries, id);
    while ((await this.#isAlive(owner)) && (await this.#rows(id)).length > 0) {
      if (performance.now() > untilMs)
        throw new CommandError('unavailable', 'the process that makes the export does not answer');
      await sleep(END_POLL_MS);
    }
  }

  async #carryOut(id: string, request: DatasetRequest, run: Run): Promise<void> {
    const { signal } = run.end;
    const folder = this.#folder.dataset(id);
    let weighRows = ROWS_WEIGHED;
    const onProgress = (rows: number, allRows: number) => {
      run.state = { ...run.state, rows, allRows };
      if (rows < weighRows) return;
      weighRows = rows + ROWS_WEIGHED;
      this.#weigh(id, run).catch(this.#warning('the size of an export is not known'));
    };
    const made = new AbortController();
    void this.#report(id, run, made.signal);
    try {
      const making = this.#make(request, { folder, onProgress, signal });
      const manifest = await making.finally(() => made.abort());
      const files = this.#folder.files(id, manifest);
      await this.#end(id, { ...run.state, state: 'done', bytes: bytesOf(files) }, files);
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      // An export that was removed, or whose process ends, needs no reason.
      if (signal.aborted && !(reason instanceof DatasetError)) return;
      await this.#fail(id, run.state, this.#reason(reason));
    } finally {
      this.#runs.delete(id);
    }
  }

  /**
   * Records how far an export is, and ends it where another process wants that or has given it up.
   *
   * @param made - Aborted once the dataset is made, or is not going to be.
   */
  async #report(id: string, run: Run, made: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(REPORT_MS, made);
      if (made.aborted) return;
      try {
        const isWanted = await saveExport(this.#queries, id, run.state);
        if (!isWanted && !made.aborted) await this.#discard(id);
      } catch (error) {
        this.#warning('the progress of an export is not saved')(error);
      }
    }
  }

  /** Looks how much an export has written, and ends it where all of them take too much. */
  async #weigh(id: string, run: Run): Promise<void> {
    run.state = { ...run.state, bytes: await this.#folder.bytes(id) };
    if (bytesOf(await this.list()) > this.#limits.bytes)
      run.end.abort(new DatasetError(this.#fullText()));
  }

  #fullText(): string {
    const gigabytes = this.#limits.bytes / 1e9;
    return `exports may take ${gigabytes} GB together; remove one, or ask for less`;
  }

  /** What went wrong, for clients, who know nothing of the server's folders. */
  #reason(error: unknown): string {
    if (error instanceof DatasetError) return error.message.replaceAll(this.#folder.path + sep, '');
    this.#log.warn({ err: error }, 'an export failed');
    return 'something went wrong inside; the log says what';
  }

  /** Logs an error of work that is repeated anyway; the store logs its own. */
  #warning(message: string): (error: unknown) => void {
    return (err) => {
      if (!(err instanceof StoreError)) this.#log.warn({ err }, message);
    };
  }

  /** Frees what a half export took, and records why it is not whole. */
  async #fail(id: string, state: ExportState, error: string): Promise<void> {
    await rm(this.#folder.dataset(id), { recursive: true, force: true });
    await this.#end(id, { ...state, state: 'failed', error, bytes: 0 });
  }

  /** Records how an export ended, as soon as the database is there; others may have given it up. */
  async #end(id: string, state: ExportState, files?: readonly FileEntry[]): Promise<void> {
    const ended = { ...state, endedMs: this.#nowMs() };
    const save = () => saveExport(this.#queries, id, ended, files);
    const isWanted = await persist(save, this.#closing.signal);
    if (isWanted === false && this.#runs.has(id)) await this.#clear(id);
  }

  /** Ends an export where it is made here, and removes all of it. */
  async #discard(id: string): Promise<void> {
    const run = this.#runs.get(id);
    run?.end.abort();
    await run?.finished;
    await this.#clear(id);
  }

  async #clear(id: string): Promise<void> {
    await rm(this.#folder.of(id), { recursive: true, force: true });
    await deleteExport(this.#queries, id);
  }
}

function bytesOf(sizes: readonly { readonly bytes: number }[]): number {
  return sizes.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The state in which an export begins. */
const BEGUN: ExportState = {
  state: 'running',
  endedMs: null,
  error: null,
  rows: 0,
  allRows: 0,
  bytes: 0,
};

function newRecord(request: DatasetRequest, owner: string | null, createdMs: number): ExportRecord {
  const { version, factories, seed, settings, events, command, ...asked } = request;
  return { ...BEGUN, id: randomUUID(), asked, owner, createdMs, files: [] };
}
