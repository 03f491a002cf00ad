import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { nearestName } from '../../core/errors.ts';
import { url as urlOf, type ValueType } from '../../schema/value-type.ts';
import { codeOf } from './error.ts';

const ADDRESS = urlOf('postgres', 'postgresql');

/** The URL of a PostgreSQL server, in the form that libpq accepts. */
export const DATABASE_URL: ValueType<string> = {
  ...ADDRESS,
  // libpq accepts a user without a host, which URLs do not allow.
  parse: (value) =>
    ADDRESS.parse(value) ??
    (typeof value === 'string' ? ADDRESS.parse(value.replace('@/', '@localhost/')) : undefined),
};

/** A way to connect: without TLS, or with it. */
type Tls = false | ConnectionOptions;

/** The meaning of the modes (PostgreSQL manual, SSL Support, table 34.1), and `no-verify`. */
const SSL_MODES = [
  ...['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
  'no-verify',
] as const;

/** Parameters that accept any text. */
const TEXTS = [
  ...['user', 'password', 'host', 'port', 'dbname', 'application_name'],
  ...['fallback_application_name', 'options', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword'],
];
/** Parameters that accept a whole number. */
const NUMBERS = [
  ...['connect_timeout', 'keepalives_idle', 'statement_timeout', 'lock_timeout'],
  'idle_in_transaction_session_timeout',
];
/** Parameters with a limited set of supported values. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  sslmode: SSL_MODES,
  ssl: ['true', 'false', '1', '0'],
  sslnegotiation: ['postgres', 'direct'],
  keepalives: ['1', '0'],
  channel_binding: ['prefer', 'disable'],
  target_session_attrs: ['any'],
  load_balance_hosts: ['disable'],
  gssencmode: ['prefer', 'disable'],
  client_encoding: ['UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'],
  sslsni: ['1'],
  sslcompression: ['0'],
  uselibpqcompat: ['true', 'false'],
};
/** Other parameters of libpq (PostgreSQL manual, Parameter Key Words), named as unsupported. */
const UNSUPPORTED = `hostaddr passfile require_auth keepalives_interval keepalives_count
  tcp_user_timeout replication sslcertmode sslcrl sslcrldir requirepeer ssl_min_protocol_version
  ssl_max_protocol_version krbsrvname gsslib gssdelegation scram_client_key scram_server_key
  service servicefile min_protocol_version max_protocol_version sslkeylogfile oauth_issuer
  oauth_client_id oauth_client_secret oauth_scope`.split(/\s+/);
const SUPPORTED = [...TEXTS, ...NUMBERS, ...Object.keys(CHOICES)];

/** Connection failures after which libpq tries the next way. */
const NOT_SO = /^(The server does not support SSL|There was an error establishing an SSL)/;
/** No line in the server's `pg_hba.conf` admits this user in this way. */
const INVALID_AUTHORIZATION = '28000';

/**
 * The problems of a database URL, each a sentence that names a parameter; none of them reveals a
 * secret.
 */
export function urlFaults(text: string): readonly string[] {
  if (!URL.canParse(text)) return ['is malformed'];
  const url = new URL(text);
  const faults: string[] = [];
  for (const [name, value] of url.searchParams) {
    const choices = CHOICES[name];
    if (choices && !choices.includes(value))
      faults.push(`${name}=${value} is not supported; accepted are ${choices.join(', ')}`);
    else if (NUMBERS.includes(name) && !/^\d{1,9}$/.test(value))
      faults.push(`${name} is not a whole number`);
    else if (UNSUPPORTED.includes(name)) faults.push(`the parameter ${name} is not supported`);
    else if (!SUPPORTED.includes(name)) {
      // The name is not shown: it may be part of a password that was not encoded.
      const near = nearestName(name, SUPPORTED);
      faults.push(`a parameter is unknown${near ? `; did you mean ${near}?` : ''}`);
    }
  }
  if (faults.length > 0) return faults;
  try {
    const { settings } = readUrl(url);
    if (settings.host?.includes(',')) return ['several hosts are not supported; name one of them'];
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** How the driver connects to a server, and which ways it tries in order. */
interface Reading {
  readonly settings: pg.ClientConfig;
  readonly ways: readonly (Tls | undefined)[];
}

/**
 * The settings of a server without its URL.
 *
 * @throws Error for an unusable URL, without secrets.
 */
export function settingsOf(server: pg.ClientConfig): pg.ClientConfig {
  return reading(server).settings;
}

/**
 * Connects in the ways that `sslmode` allows, as libpq does: `prefer` falls back to no TLS if the
 * server has none, `allow` uses TLS only if the server demands it.
 *
 * @param attempt - Makes one connection.
 * @throws The error of the last attempt.
 */
export async function connectInTurn<T>(
  server: pg.ClientConfig,
  attempt: (settings: pg.ClientConfig) => Promise<T>,
): Promise<T> {
  const { settings, ways } = reading(server);
  for (const [i, ssl] of ways.entries())
    try {
      return await attempt(ssl === undefined ? settings : { ...settings, ssl });
    } catch (error) {
      if (i + 1 === ways.length || !isOtherWayOpen(error)) throw error;
    }
  throw new TypeError('no way to connect');
}

function isOtherWayOpen(error: unknown): boolean {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : '';
  return code === INVALID_AUTHORIZATION || code?.startsWith('ERR_SSL') || NOT_SO.test(message);
}

function reading(server: pg.ClientConfig): Reading {
  const { connectionString, ...settings } = server;
  if (connectionString !== undefined) {
    const [fault] = urlFaults(connectionString);
    if (fault) throw new Error(`the URL of the database: ${fault}`);
    const read = readUrl(new URL(connectionString));
    return { ...read, settings: { ...settings, ...read.settings } };
  }
  const { PGSSLMODE: mode = '' } = process.env;
  const isAsked = settings.ssl === undefined && isMode(mode) && !settings.host?.startsWith('/');
  return { settings, ways: isAsked ? waysOf(mode, new URLSearchParams()) : [undefined] };
}

function readUrl(url: URL): Reading {
  const given = url.searchParams;
  const text = (name: string, written: string) => {
    try {
      return given.get(name) || decodeURIComponent(written) || undefined;
    } catch {
      throw new Error(`the ${name} has a % that stands for nothing; write %25`);
    }
  };
  const number = (name: string) => (given.has(name) ? Number(given.get(name)) : undefined);
  const host = text('host', url.hostname.replace(/^\[(.*)\]$/, '$1'));
  const port = given.get('port') || url.port;
  const seconds = number('connect_timeout');
  const idleS = number('keepalives_idle');
  const all = {
    host,
    port: port ? Number(port) : undefined,
    user: text('user', url.username),
    password: text('password', url.password),
    database: text('dbname', url.pathname.slice(1)),
    application_name: given.get('application_name') || given.get('fallback_application_name'),
    options: given.get('options') || undefined,
    sslnegotiation: given.get('sslnegotiation') || undefined,
    enableChannelBinding: given.get('channel_binding') === 'prefer' || undefined,
    // Without a limit ours applies.
    connectionTimeoutMillis: seconds ? 1000 * seconds : undefined,
    keepAlive: given.has('keepalives') ? given.get('keepalives') === '1' : undefined,
    keepAliveInitialDelayMillis: idleS ? 1000 * idleS : undefined,
    statement_timeout: number('statement_timeout'),
    lock_timeout: number('lock_timeout'),
    idle_in_transaction_session_timeout: number('idle_in_transaction_session_timeout'),
  };
  const settings = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && value !== null),
  ) as pg.ClientConfig;
  // There is no TLS on a local socket.
  const ways = host?.startsWith('/') ? [false as const] : waysOf(modeOf(given), given);
  return { settings, ways };
}

type SslMode = (typeof SSL_MODES)[number];

function isMode(text: string): text is SslMode {
  return (SSL_MODES as readonly string[]).includes(text);
}

function modeOf(given: URLSearchParams): SslMode {
  // A root from the system proves nothing unless the name is checked.
  if (given.get('sslrootcert') === SYSTEM) return 'verify-full';
  const ssl = given.get('ssl');
  const alias =
    ssl === null ? process.env['PGSSLMODE'] : /^(true|1)$/.test(ssl) ? 'require' : 'disable';
  const mode = given.get('sslmode') ?? alias ?? '';
  if (isMode(mode)) return mode;
  return given.get('sslnegotiation') === 'direct' ? 'require' : 'prefer';
}

/** Used instead of a file: the roots that Node trusts. */
const SYSTEM = 'system';

function waysOf(mode: SslMode, given: URLSearchParams): readonly Tls[] {
  if (mode === 'disable') return [false];
  const rootFile = given.get('sslrootcert') ?? process.env['PGSSLROOTCERT'];
  const files: ConnectionOptions = {
    ...(rootFile && rootFile !== SYSTEM && { ca: fileOf('sslrootcert', rootFile) }),
    ...(given.get('sslcert') && { cert: fileOf('sslcert', given.get('sslcert')) }),
    ...(given.get('sslkey') && { key: fileOf('sslkey', given.get('sslkey')) }),
    ...(given.get('sslpassword') && { passphrase: given.get('sslpassword') as string }),
  };
  if (mode === 'verify-full') return [files];
  if (mode === 'verify-ca' && !files.ca) throw new Error('sslmode=verify-ca needs sslrootcert');
  // A given root is verified, whatever the name in the certificate.
  const tls: ConnectionOptions =
    files.ca && mode !== 'no-verify'
      ? { ...files, checkServerIdentity: () => undefined }
      : { ...files, rejectUnauthorized: false };
  if (mode === 'allow') return [false, tls];
  return mode === 'prefer' ? [tls, false] : [tls];
}

function fileOf(parameter: string, path: string | null): string {
  try {
    return readFileSync(path as string, 'utf8');
  } catch (error) {
    throw new Error(`${parameter}: ${path} cannot be read (${codeOf(error)})`);
  }
}
