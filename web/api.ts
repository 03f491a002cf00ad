import { askForKey } from './parts/key-dialog.ts';

/** An error response, with the API's own message. */
class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Where the API key is kept until the tab is closed. */
const KEY = 'api-key';
/** Requests time out after this [ms]; on a busy computer, a year of readings takes long. */
const TIMEOUT_MS = 60_000;

/** Sends a request to the API, and asks the user for the key if the API requires one. */
export async function request<T>(
  path: string,
  { method = 'GET', body, signal }: { method?: string; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
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

/** The error message of a response, followed by its list of errors. */
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
