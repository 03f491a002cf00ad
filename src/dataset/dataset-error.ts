/** A dataset cannot be written or read; the message is for the user. */
export class DatasetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatasetError';
  }
}

/** Explanations of error codes of the operating system. */
const MEANINGS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is too large for the file system',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a file is in the place of a folder',
  EEXIST: 'a file is in the place of a folder',
  EISDIR: 'a folder is in the place of a file',
  ENOENT: 'it does not exist',
  EMFILE: 'too many files are open',
  EPIPE: 'its reader has closed the pipe',
  EIO: 'the disk failed',
};

/** Makes a readable error from an error of the operating system at a path. */
export function pathError(action: string, path: string, error: unknown): DatasetError {
  if (error instanceof DatasetError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const meaning = MEANINGS[code] ?? message;
  return new DatasetError(`cannot ${action} ${path}: ${meaning}`, { cause: error });
}
