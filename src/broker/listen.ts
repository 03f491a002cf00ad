import { once } from 'node:events';
import type { Server } from 'node:net';
import { ConfigError } from '../core/errors.ts';

/** How many further ports to try if the first is in use. */
const PORTS_TRIED = 20;
const PORT_MAX = 65_535;

/** A TCP port, and whether it was set explicitly or may be replaced by the next free one. */
export interface WantedPort {
  /** 0 for any free port. */
  readonly number: number;
  readonly isExplicit: boolean;
}

/**
 * Makes a server listen on a port, or on the next free one if the port is only a default.
 *
 * @param variable - The variable that errors name: `MQTT_PORT`.
 * @returns The port it listens on.
 * @throws ConfigError if that is not possible.
 */
export async function listen(
  server: Server,
  host: string,
  port: WantedPort,
  variable: string,
): Promise<number> {
  const last = port.isExplicit ? port.number : Math.min(port.number + PORTS_TRIED, PORT_MAX);
  for (let number = port.number; ; number++) {
    try {
      server.listen({ port: number, host });
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && number < last) continue;
      const message = refusal(code, host, port, last);
      throw Object.assign(new ConfigError([{ path: variable, message }]), { cause: error });
    }
  }
}

function refusal(
  code: string | undefined,
  host: string,
  { number, isExplicit }: WantedPort,
  last: number,
): string {
  switch (code) {
    case 'EADDRINUSE':
      return isExplicit
        ? `port ${number} of ${host} is in use by another process; free it or choose another port`
        : `the ports ${number} to ${last} of ${host} are all in use; choose another port`;
    case 'EACCES':
      return `port ${number} of ${host} needs higher privileges; choose a port from 1024 on`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this computer, so its port ${number} is not available`;
    default:
      return `cannot listen on port ${number} of ${host} (${code ?? 'unknown reason'})`;
  }
}

/** The host for clients to connect to, if the server listens on all addresses. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
