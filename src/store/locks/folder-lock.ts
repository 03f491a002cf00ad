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

/** Two that begin at once both step back, and come again after another wait each. */
const ATTEMPTS = 5;
const STEP_BACK_MAX_MS = 300;
/** A process that is busy answers late, but the system takes the call for it at once [ms]. */
const GREETING_MAX_MS = 1000;
/** What the kernel takes as the path of a socket, with some room: 104 bytes on macOS. */
const PATH_MAX_BYTES = 96;
/** What file systems without sockets say. */
const NO_SOCKETS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS']);

type Holder = 'none' | 'owner' | 'candidate';

/**
 * Keeps a second simulator from a folder. Its user listens on a socket in it, which ends
 * with the process in whatever way that ends, so that no lock is ever left behind; a file with
 * the number of a process would be, and means nothing in another container.
 *
 * Each makes a socket of its own name and looks for others afterwards, so of two that come at once
 * at least one sees the other. A name is never used again, so a dead socket can be removed.
 *
 * What lies in a folder goes with it, when it is deleted or replaced. So the path is held as well,
 * by something that is in no folder; see {@link holdPath}.
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
   * Takes a folder, which is made if need be.
   *
   * @throws StoreError where another has it, or nothing can be written to it.
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
    // It keeps out at least those of this computer.
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

  /** Listens in a folder, reached by a short path, unless another is there. */
  static async #claim(short: string, sockets: string): Promise<FolderLock | Holder> {
    const name = randomBytes(6).toString('hex');
    let isOwner = false;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(isOwner ? 'owner' : 'candidate');
    });
    server.unref();
    // Only what listens gets its name: a socket that does not yet would be taken for dead.
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
 * Holds a name until the process ends, without a trace in any folder: Linux has sockets whose names
 * are no paths. Where there are none, the lock in the folder has to do, and that its user
 * notices when the folder is replaced.
 *
 * @param folder - Names the folder in errors.
 * @throws StoreError where another process holds it.
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

/** A short name of a path; in another container it is another one, as the same path may be. */
function nameOf(path: string): string {
  const space = existsSync(MOUNTS) ? readlinkSync(MOUNTS) : '';
  const digest = createHash('sha256').update(`${space}${path}`).digest('hex');
  return `enms-simulator-${digest.slice(0, 16)}`;
}

/** Distinguishes what processes in different containers see at the same path. */
const MOUNTS = '/proc/self/ns/mnt';

function inUse(folder: string): StoreError {
  return new StoreError('locked', `another simulator uses the database in ${folder}`);
}

/** Who else listens in a folder; sockets without a listener are removed. */
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
 * Removes a socket that may be gone already. `rmSync` looks at it first, and what Node 20 looked at
 * last leads its next `realpathSync` astray: modules below a linked folder are then loaded twice.
 */
function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Whether someone listens on a socket, and as what; whom we may not ask is there. */
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

/** A path to a folder that is short enough for a socket, by way of a link if need be. */
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
