/** What keeps a dataset from being written or read, in a sentence for its user. */
export class DatasetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatasetError';
  }
}

/** What the codes of the operating system mean to the user of a folder. */
const MEANINGS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file system takes no file of this size',
  EACCES: 'the permission is missing',
  EPERM: 'the permission is missing',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a file stands where a folder has to be',
  EEXIST: 'a file stands where a folder has to be',
  EISDIR: 'a folder stands where a file has to be',
  ENOENT: 'it does not exist',
  EMFILE: 'too many files are open',
  EPIPE: 'who was reading it has gone',
  EIO: 'the disk failed',
};

/** An error of the operating system at a path, as a sentence. */
export function pathError(action: string, path: string, error: unknown): DatasetError {
  if (error instanceof DatasetError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const meaning = MEANINGS[code] ?? message;
  return new DatasetError(`cannot ${action} ${path}: ${meaning}`, { cause: error });
}
