import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and its parents unless they exist. Node's recursive `mkdirSync` never returns
 * below `/proc`, and reports a read-only file system as a missing folder.
 *
 * @throws The system's error that says why it cannot be created.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isFolder(path)) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || isFolder(above)) throw error;
    makeFolder(above);
    mkdirSync(path);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

interface GuardedPath {
  readonly path: string;
  readonly identity: string;
  /** Kept open, so that the system does not reuse the inode number. */
  readonly descriptor: number;
}

/** Detects when paths no longer lead to the same files and folders. */
export class PathGuard {
  readonly #paths: readonly GuardedPath[];

  /** @param paths - Existing folders and files, parents first. */
  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => ({
      path,
      descriptor: openSync(path, 'r'),
      identity: identityOf(path),
    }));
  }

  /** What happened to the first path that has changed, if any. */
  lost(): string | undefined {
    for (const { path, identity } of this.#paths) {
      try {
        if (identityOf(path) !== identity) return `${path} was replaced while it was in use`;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === 'ENOENT' ? `${path} is gone` : `${path} cannot be accessed (${message})`;
      }
    }
    return undefined;
  }

  close(): void {
    for (const { descriptor } of this.#paths) closeSync(descriptor);
  }
}

/** The device and inode number of a file. */
function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
