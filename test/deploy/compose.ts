/** Reads the compose file as Compose would, without Compose. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { file } from './files.ts';

/** A service of the compose file, as far as the tests need it. */
export interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly profiles?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: string;
  readonly read_only?: boolean;
  readonly security_opt?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}

/** The content of the compose file. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const EXPRESSION = /\$(?:\$|\{(\w+)(?:(:[-+?])([^}]*))?\}|(?=[\w{]))/g;

/**
 * Interpolates variables: `$$`, `${NAME}`, `${NAME:-default}`, `${NAME:+replacement}` and
 * `${NAME:?message}` of https://docs.docker.com/reference/compose-file/interpolation/.
 *
 * @throws Error if a required variable is missing, or for any other form.
 */
export function interpolate(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): string {
  return text.replace(EXPRESSION, (expression, name, form, word) => {
    if (expression === '$$') return '$';
    if (name === undefined) throw new Error(`${text} has a $ that is no expression`);
    const value = variables[name] ?? '';
    if (form === ':-') return value || word;
    if (form === ':+') return value && word;
    if (form === ':?' && value === '') throw new Error(`${name} is demanded: ${word}`);
    return value;
  });
}

/** The compose file with variables interpolated everywhere, as Compose does it. */
export function composeWith(variables: Readonly<Record<string, string | undefined>>): Compose {
  return walk(parse(readFileSync(file('docker-compose.yml'), 'utf8'))) as Compose;

  function walk(value: unknown): unknown {
    if (typeof value === 'string') return interpolate(value, variables);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]));
  }
}

/** A published port: `127.0.0.1:8003:8003`. */
export interface PublishedPort {
  readonly host: string;
  readonly published: number;
  readonly target: number;
}

/** The ports of a service. */
export function portsOf({ ports = [] }: Service): PublishedPort[] {
  return ports.map((port) => {
    const [, host = '', published, target] = /^(.+):(\d+):(\d+)$/.exec(port) ?? [];
    return { host, published: Number(published), target: Number(target) };
  });
}
