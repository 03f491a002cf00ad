import { FolderLock } from '../store/locks/folder-lock.ts';
import { StoreError } from '../store/store-error.ts';
import { CommandError } from './command-error.ts';

/** A folder that no other simulator uses, from when it is first needed until it is released. */
export class OwnedFolder {
  readonly path: string;
  #lock: Promise<FolderLock> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws CommandError where another simulator uses it, or nobody can. */
  async own(): Promise<void> {
    this.#lock ??= FolderLock.acquire(this.path);
    try {
      await this.#lock;
    } catch (cause) {
      this.#lock = undefined;
      if (!(cause instanceof StoreError)) throw cause;
      const reason = cause.kind === 'locked' ? 'is used by another simulator' : 'cannot be used';
      throw new CommandError('unavailable', `the folder of exports ${reason}`, [], { cause });
    }
  }

  /** Leaves it to others. */
  async release(): Promise<void> {
    const lock = await this.#lock?.catch(() => undefined);
    await lock?.release();
  }
}
