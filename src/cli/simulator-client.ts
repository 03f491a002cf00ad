import { ConfigError, type Diagnostic, errorText } from '../core/errors.ts';
import type { SimulatorAddress } from './simulator-address.ts';

/** Time for an answer, costs of anomalies included [ms]. */
const ANSWER_MAX_MS = 15_000;
/** Machines per page of the list. */
const PAGE = 10_000;

/** A warning of a machine’s controller. */
export interface Alert {
  readonly code: string;
  readonly level: string;
}

/** A machine and its state, as far as commands show it. */
export interface Machine {
  readonly machine_id: string;
  readonly machine_name: string;
  readonly machine_type: string;
  readonly factory_id: string;
  readonly is_running: boolean;
  readonly operating_mode: string;
  readonly current_power_kw: number;
  readonly alerts: readonly Alert[];
  readonly last_reading_time: string | null;
  readonly anomaly_active: boolean;
  readonly anomaly_type: string | null;
  readonly anomaly_severity: number | null;
  readonly anomaly_ends_at: string | null;
  readonly energy_today_kwh: number;
}

/** A factory, as far as commands show it. */
export interface Factory {
  readonly factory_id: string;
  readonly factory_name: string;
}

/** The health of a simulator. */
export interface Health {
  readonly service: string;
  readonly status: string;
  readonly version: string;
  readonly simulated_time: string;
  readonly problems: readonly {
    readonly part: string;
    readonly reason: string;
    readonly since: string;
  }[];
}

/** No simulator answers, or it cannot do what was asked now. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
}

/** A simulator has refused a request. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
  readonly status: number;
  readonly faults: readonly Diagnostic[];

  constructor(status: number, message: string, faults: readonly Diagnostic[]) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/** An answer, parsed; undefined if it is not JSON. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Talks to a running simulator over its HTTP API. */
export class SimulatorClient {
  readonly url: string;
  readonly #key: string | undefined;
  readonly #answerMaxMs: number;
  /** The health at the time of the connection. */
  health!: Health;

  private constructor({ url, key }: SimulatorAddress, answerMaxMs: number) {
    this.url = url;
    this.#key = key;
    this.#answerMaxMs = answerMaxMs;
  }

  /**
   * Makes sure that a simulator answers.
   *
   * @param answerMaxMs - Time for each of its answers [ms].
   * @throws ClientError with a sentence that says what to do, if none does.
   */
  static async connect(
    address: SimulatorAddress,
    answerMaxMs = ANSWER_MAX_MS,
  ): Promise<SimulatorClient> {
    const client = new SimulatorClient(address, answerMaxMs);
    await client.refreshHealth();
    return client;
  }

  /** Reads the health again. @throws ClientError, as `connect`. */
  async refreshHealth(): Promise<Health> {
    const answer = await this.#answer('GET', '/health');
    const health = (answer.body ?? {}) as Partial<Health>;
    if (health.service !== 'enms-simulator') throw this.#stranger(answer);
    this.health = health as Health;
    return this.health;
  }

  /** Reads something. @throws RefusedRequest or ClientError. */
  async get<T>(path: string): Promise<T> {
    return (await this.#answer('GET', path)).body as T;
  }

  /** Changes something, with the key if there is one. @throws RefusedRequest or ClientError. */
  async change<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    const answer = await this.#answer(method, path, body);
    return (answer.body as { readonly data: T }).data;
  }

  /**
   * Some machines, and how many there are in all.
   *
   * @param limit - The most that are wanted.
   * @throws ConfigError for an unknown factory, and as `get`.
   */
  async page(
    limit: number,
    { factory, offset = 0 }: { factory?: string | undefined; offset?: number } = {},
  ): Promise<{ readonly machines: readonly Machine[]; readonly total: number }> {
    const query = new URLSearchParams({ limit: String(limit), offset: String(offset) });
    if (factory !== undefined) query.set('factory_id', factory);
    const path = `/simulator/machines?${query}`;
    const { body, headers } = await this.#answer('GET', path).catch((error) => {
      throw asConfigError(error, { factory_id: '--factory' }, '--factory');
    });
    return { machines: body as Machine[], total: Number(headers.get('x-total-count')) };
  }

  /** All machines, of one factory if its id or name is given. */
  async machines(factory?: string): Promise<readonly Machine[]> {
    const all: Machine[] = [];
    for (;;) {
      const { machines, total } = await this.page(PAGE, { factory, offset: all.length });
      all.push(...machines);
      if (machines.length === 0 || all.length >= total) return all;
    }
  }

  async #answer(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await this.#ask(method, path, body);
    if (answer.status < 300 && typeof answer.body === 'object' && answer.body) return answer;
    const refusal = (answer.body ?? {}) as {
      readonly success?: boolean;
      readonly message?: string;
      readonly errors?: readonly Diagnostic[];
    };
    if (refusal.success !== false) throw this.#stranger(answer);
    const { status } = answer;
    const { message = '', errors = [] } = refusal;
    if (status === 401)
      throw new ClientError(
        `the simulator at ${this.url} accepts changes with its API_KEY only; ` +
          (this.#key === undefined
            ? 'set API_KEY in the environment or in .env'
            : 'the API_KEY that is set here is another one'),
      );
    if (status === 403 || status === 429 || status >= 500)
      throw new ClientError(`the simulator at ${this.url} refuses: ${message}`);
    throw new RefusedRequest(status, message, errors);
  }

  async #ask(method: string, path: string, body?: object): Promise<Answer> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...(method !== 'GET' &&
            this.#key !== undefined && { authorization: `Bearer ${this.#key}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
        // The key must not travel to another address.
        redirect: 'manual',
        signal: AbortSignal.timeout(this.#answerMaxMs),
      });
      const { status, headers } = response;
      return { status, headers, body: parsed(await response.text()) };
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): ClientError {
    const { name, cause } = error as { name?: string; cause?: unknown };
    if (name === 'TimeoutError')
      return new ClientError(
        `${this.url} did not answer within ${this.#answerMaxMs / 1000} s; ` +
          'try again, or check --url',
      );
    const { code = '' } = (cause ?? {}) as { readonly code?: string };
    if (UNREACHABLE.test(code))
      return new ClientError(
        `no simulator answers at ${this.url} (${code}); start one with enms-simulator, ` +
          'or give --url',
      );
    const reason = code && !code.startsWith('UND_') ? code : errorText(cause ?? error);
    return new ClientError(
      `${this.url} does not answer as a simulator does (${reason}); check --url`,
    );
  }

  /** The error for an answer that no simulator gives. */
  #stranger({ status, headers }: Answer): ClientError {
    const moved = headers.get('location')?.replace(/\/health$/, '');
    if (moved !== undefined && status >= 300 && status < 400)
      return new ClientError(`${this.url} redirects to ${moved}; give that address with --url`);
    const isLogin = status === 401 || status === 403;
    return new ClientError(
      isLogin
        ? `${this.url} answers ${status}: something in front of the simulator asks for a login`
        : `what answers at ${this.url} is not a simulator (status ${status}); give --url`,
    );
  }
}

const UNREACHABLE = new RegExp(
  `^(${[
    'ECONN(REFUSED|RESET)|E(HOST|NET)UNREACH|ETIMEDOUT',
    'ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT',
  ].join('|')})$`,
);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Turns a refusal of what the user has written into an error with the place on the command line.
 *
 * @param places - Places by the paths in the answer.
 * @param place - The place of a refusal without paths.
 */
export function asConfigError(
  error: unknown,
  places: Readonly<Record<string, string>>,
  place: string,
): unknown {
  if (!(error instanceof RefusedRequest)) return error;
  const { faults, message } = error;
  if (faults.length === 0) return new ConfigError([{ path: place, message }]);
  return new ConfigError(
    faults.map((fault) => ({ path: places[fault.path] ?? fault.path, message: fault.message })),
  );
}
