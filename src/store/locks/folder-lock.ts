import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderError } from '../drivers/failures.ts';
import { makeFolder } from '../folders.ts';
import { StoreError } from '../store-error.ts';

/** Two processes that start at the same time both back off, and retry after different waits. */
const ATTEMPTS = 5;
const STEP_BACK_MAX_MS = 300;
/**
 * How long to wait for a holder to identify itself [ms]. A busy process answers late, but the
 * system accepts the connection immediately.
 */
const GREETING_MAX_MS = 1000;
/** The kernel's limit for the path of a socket, with a margin: 104 bytes on macOS. */
const PATH_MAX_BYTES = 96;
/** The error codes of file systems without sockets. */
const NO_SOCKETS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS']);

type Holder = 'none' | 'owner' | 'candidate';

/**
 * Keeps a second simulator out of a folder. The owner listens on a socket in the folder. The
 * socket closes with the process however that ends, so no stale lock remains. A file with a
 * process id could be left behind, and that id means nothing in another container.
 *
 * Each process creates a socket with its own name and then looks for others, so of two that start
 * at the same time at least one sees the other. A name is never reused, so a dead socket can be
 * removed.
 *
 * If a folder is deleted or replaced, its content goes with it. So the path is locked as well,
 * outside any folder; see {@link holdPath}.
 */
export class FolderLock {
  readonly #server: Server;
  readonly #path: string;
  #outside: Server | undefined;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /**
   * Locks a folder, which is created if it does not exist.
   *
   * @throws StoreError if another process holds it, or it is not writable.
   */
  static async acquire(folder: string): Promise<FolderLock> {
    let outside: Server | undefined;
    try {
      makeFolder(folder);
      const name = nameOf(realpathSync(folder));
      outside = await holdPath(name, folder);
      const lock = await FolderLock.#acquireInside(folder, name);
      lock.#outside = outside;
      return lock;
    } catch (error) {
      outside?.close();
      throw folderError(error, `the folder ${folder}`);
    }
  }

  static async #acquireInside(folder: string, name: string): Promise<FolderLock> {
    const sockets = join(folder, 'lock');
    try {
      makeFolder(sockets);
      return await FolderLock.#acquireIn(sockets, folder);
    } catch (error) {
      if (!NO_SOCKETS.has(String((error as NodeJS.ErrnoException).code))) throw error;
    }
    // It still keeps out other processes on this computer.
    const substitute = join(tmpdir(), name);
    makeFolder(substitute);
    return FolderLock.#acquireIn(substitute, folder);
  }

  static async #acquireIn(sockets: string, folder: string): Promise<FolderLock> {
    const short = shortened(sockets);
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const claimed = await FolderLock.#claim(short.path, sockets);
        if (claimed instanceof FolderLock) return claimed;
        if (claimed === 'owner') break;
        await sleep(Math.random() * STEP_BACK_MAX_MS);
      }
    } finally {
      short.remove();
    }
    throw inUse(folder);
  }

  /** Listens in a folder, reached by a short path, unless another process does. */
  static async #claim(short: string, sockets: string): Promise<FolderLock | Holder> {
    const name = randomBytes(6).toString('hex');
    let isOwner = false;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(isOwner ? 'owner' : 'candidate');
    });
    server.unref();
    // Listen first, rename then: a socket that does not listen yet would look dead.
    server.listen(join(short, `.${name}`));
    await once(server, 'listening');
    const lock = new FolderLock(server, join(sockets, `${name}.sock`));
    try {
      renameSync(join(short, `.${name}`), join(short, `${name}.sock`));
      const other = await otherHolder(short, `${name}.sock`);
      if (other === 'none') {
        isOwner = true;
        return lock;
      }
      await lock.release();
      return other;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async release(): Promise<void> {
    removeSocket(this.#path);
    for (const server of [this.#server, this.#outside]) {
      if (!server) continue;
      server.close();
      await once(server, 'close');
    }
  }
}

/**
 * Locks a name until the process ends, without a trace in any folder: on Linux, sockets may have
 * names that are not paths. Elsewhere the lock in the folder must suffice, with its owner noticing
 * when the folder is replaced.
 *
 * @param folder - The folder's name in errors.
 * @throws StoreError if another process holds the name.
 */
async function holdPath(name: string, folder: string): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen(`\0${name}`);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw inUse(folder);
    return undefined;
  }
}

/**
 * A short name for a path. Another container gets another name, since the same path may be another
 * folder there.
 */
function nameOf(path: string): string {
  const space = existsSync(MOUNTS) ? readlinkSync(MOUNTS) : '';
  const digest = createHash('sha256').update(`${space}${path}`).digest('hex');
  return `enms-simulator-${digest.slice(0, 16)}`;
}

/** Identifies the mount namespace, which differs between containers. */
const MOUNTS = '/proc/self/ns/mnt';

function inUse(folder: string): StoreError {
  return new StoreError('locked', `another simulator uses the database in ${folder}`);
}

/** Whether another process listens in a folder. Sockets without a listener are removed. */
async function otherHolder(sockets: string, own: string): Promise<Holder> {
  for (const name of readdirSync(sockets)) {
    if (!name.endsWith('.sock') || name === own) continue;
    const holder = await holderOf(join(sockets, name));
    if (holder !== 'none') return holder;
    removeSocket(join(sockets, name));
  }
  return 'none';
}

/**
 * Removes a socket that may be gone already. `rmSync` would stat it first, and in Node 20 the last
 * path it looked at corrupts the next `realpathSync`: modules below a linked folder are then
 * loaded twice.
 */
function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Whether a process listens on a socket, and in which role. One that we may not connect to counts
 * as the owner.
 */
async function holderOf(path: string): Promise<Holder> {
  const socket = createConnection(path);
  socket.setTimeout(GREETING_MAX_MS, () => socket.end());
  let greeting = '';
  try {
    for await (const chunk of socket) greeting += chunk;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'none';
  }
  return greeting === 'candidate' ? 'candidate' : 'owner';
}

/** A path to a folder that is short enough for a socket, through a link if needed. */
function shortened(folder: string): { path: string; remove: () => void } {
  if (Buffer.byteLength(folder) + '/012345678901.sock'.length <= PATH_MAX_BYTES)
    return { path: folder, remove: () => undefined };
  const links = mkdtempSync(join(tmpdir(), 'enms-'));
  symlinkSync(realpathSync(folder), join(links, 'l'));
  return {
    path: join(links, 'l'),
    remove: () => rmSync(links, { recursive: true, force: true }),
  };
}
