import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder with those above it, unless it is there. The recursive `mkdirSync` of Node never
 * returns below `/proc`, and calls a file system that is read-only a missing folder.
 *
 * @throws Error of the system that says why it cannot be made.
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
  /** Keeps the system from giving its number to another one. */
  readonly descriptor: number;
}

/** Notices when paths lead to nothing any more, or to another file or folder. */
export class PathGuard {
  readonly #paths: readonly GuardedPath[];

  /** @param paths - Folders and files that are there, those above first. */
  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => ({
      path,
      descriptor: openSync(path, 'r'),
      identity: identityOf(path),
    }));
  }

  /** What has become of the first that is not the same any more, if any. */
  lost(): string | undefined {
    for (const { path, identity } of this.#paths) {
      try {
        if (identityOf(path) !== identity) return `${path} was replaced while it was in use`;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === 'ENOENT' ? `${path} is gone` : `${path} cannot be looked at (${message})`;
      }
    }
    return undefined;
  }

  close(): void {
    for (const { descriptor } of this.#paths) closeSync(descriptor);
  }
}

/** The device and the number of a file on it. */
function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
