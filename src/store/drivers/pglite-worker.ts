/**
 * The thread of the embedded database. PostgreSQL in WebAssembly runs synchronously and spins
 * forever after a panic, such as on a full disk. In a thread it blocks nothing else and can be
 * terminated.
 */
import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { builtFile } from '../../package-folder.ts';
import type { Parameter } from '../database.ts';
import type { DatabaseFailure } from './failures.ts';
import { INITDB_PARAMETERS, unpackTemplate } from './pglite-template.ts';

/** The first message to the thread. */
export interface PgliteStart {
  readonly folder: string;
  /** Whether the folder is empty and gets a new database. */
  readonly isNew: boolean;
}

/** A statement, a script (without parameters), or neither, to close the database. */
export interface PgliteRequest {
  readonly id: number;
  readonly sql?: string;
  readonly parameters?: readonly Parameter[];
}

/** The answer to a request. Answer 0 reports that the database is open, or why it is not. */
export interface PgliteAnswer {
  readonly id: number;
  readonly rows?: readonly unknown[];
  readonly failure?: PgliteFailure;
}

/** A failure, and whether the thread can no longer be used. */
export interface PgliteFailure extends DatabaseFailure {
  readonly isFatal: boolean;
  /** The output of the database before the failure. */
  readonly output: readonly string[];
}

/** Errors of Emscripten's file system, which only have a number (WASI, `errno`). */
const ERRNO: Readonly<Record<number, string>> = {
  2: 'Permission denied',
  29: 'I/O error',
  51: 'No space left on device',
  63: 'Operation not permitted',
  69: 'Read-only file system',
};
/** A registry and a journal of some kilobytes, and one connection, need no more than this. */
const SETTINGS = ['-c', 'shared_buffers=4MB', '-c', 'max_connections=5'];
/** Lines of output to keep as an explanation of a failure. */
const OUTPUT_LINES_MAX = 20;
const INT8 = 20;

/** A compiled WebAssembly module, for which Node's types have no name. */
type Module = NonNullable<PGliteOptions['pgliteWasmModule']>;

/** What is used of `WebAssembly`, which Node's types declare without its functions. */
interface Compiler {
  compile(bytes: Uint8Array): Promise<Module>;
}

const port = parentPort as NonNullable<typeof parentPort>;
const output: string[] = [];
const answer = (message: PgliteAnswer) => port.postMessage(message);

function failureOf(error: unknown): PgliteFailure {
  const { message, code, severity, detail, constraint, errno } = (error ??
    {}) as DatabaseFailure & {
    errno?: number;
  };
  const isOfDatabase = typeof severity === 'string';
  return {
    message: message || ERRNO[errno ?? 0] || String(error),
    code: isOfDatabase ? code : undefined,
    severity,
    detail,
    constraint,
    isFatal: !isOfDatabase || severity === 'PANIC' || severity === 'FATAL',
    output: [...output],
  };
}

async function execute(db: PGlite, { id, sql, parameters }: PgliteRequest): Promise<PgliteAnswer> {
  try {
    if (sql === undefined) {
      await db.close();
      return { id, rows: [] };
    }
    // A statement without parameters takes one exchange of messages instead of five.
    if (!parameters?.length) return { id, rows: (await db.exec(sql)).at(-1)?.rows ?? [] };
    return { id, rows: (await db.query(sql, [...parameters])).rows };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

/** Compiles PostgreSQL, for which the folder is not needed yet. */
async function compiled(): Promise<Module> {
  const bytes = await readFile(builtFile('program/pglite.wasm'));
  const { compile } = (globalThis as unknown as { WebAssembly: Compiler }).WebAssembly;
  return compile(bytes);
}

async function open({ folder, isNew }: PgliteStart, module: Promise<Module>) {
  try {
    if (isNew) await unpackTemplate(folder);
    const db = await PGlite.create({
      dataDir: folder,
      pgliteWasmModule: await module,
      parsers: { [INT8]: Number },
      initDbStartParams: INITDB_PARAMETERS,
      startParams: [...PGlite.defaultStartParams, ...SETTINGS],
      onStdout: () => false,
      onStderr: (line) => {
        if (output.push(line.trim()) > OUTPUT_LINES_MAX) output.shift();
        return false;
      },
    });
    port.on('message', async (request: PgliteRequest) => {
      output.length = 0;
      answer(await execute(db, request));
    });
    answer({ id: 0 });
  } catch (error) {
    answer({ id: 0, failure: { ...failureOf(error), isFatal: true } });
  }
}

const module = compiled();
module.catch(() => undefined);
port.once('message', (start: PgliteStart) => open(start, module));
