import { askForKey } from './parts/key-dialog.ts';

/** An answer other than the good one, in the words of the interface. */
class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** The key is kept as long as the browser's tab is. */
const KEY = 'api-key';
/** An answer that takes longer will not come [ms]; a series may take some seconds. */
const ANSWER_MAX_MS = 20_000;

/** Asks the interface, and for the key where it wants one. */
export async function request<T>(
  path: string,
  { method = 'GET', body, signal }: { method?: string; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const timeout = AbortSignal.timeout(ANSWER_MAX_MS);
  const key = sessionStorage.getItem(KEY);
  const response = await fetch(path, {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== null && { 'x-api-key': key }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
  });
  if (response.ok) return (await response.json()) as T;
  if (response.status === 401) {
    const given = await askForKey(key === null ? '' : 'That key was wrong.');
    if (given !== undefined) {
      sessionStorage.setItem(KEY, given);
      return request(path, { method, body, ...(signal && { signal }) });
    }
    sessionStorage.removeItem(KEY);
  }
  throw new ApiError(response.status, await failureText(response));
}

/** What the answer says is wrong, each fault after the other. */
async function failureText(response: Response): Promise<string> {
  try {
    const { message, errors = [] } = (await response.json()) as {
      message: string;
      errors?: { path: string; message: string }[];
    };
    return [message, ...errors.map((error) => `${error.path}: ${error.message}`)].join(' · ');
  } catch {
    return `the server answered ${response.status}`;
  }
}
