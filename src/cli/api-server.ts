import type { Logger } from 'pino';
import { webSocketRefusal } from '../api/access.ts';
import { buildApp } from '../api/app.ts';
import { listen } from '../broker/listen.ts';
import { attachWebSocket } from '../broker/websocket.ts';
import type { ApiProcess } from '../cluster/live/api-process.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Assembly } from '../service/assembly.ts';

/** A running factory, alone or as part of a cluster. */
export type Served = Assembly & Partial<Pick<ApiProcess, 'cluster'>>;

/** The HTTP API of a factory, which answers requests. */
export interface ApiServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves the HTTP API of a factory and, on the same port, its broker over WebSocket.
 *
 * @throws ConfigError if the port is taken.
 */
export async function serveApi(
  { simulator, registry, broker, cluster }: Served,
  configuration: Configuration,
  logger: Logger,
): Promise<ApiServer> {
  const app = await buildApp(simulator, configuration, { logger, registry, cluster });
  if (broker)
    attachWebSocket(broker, app.server, (request) => webSocketRefusal(request, configuration));
  const close = async () => {
    await app.close();
  };
  try {
    await app.ready();
    const { host, port } = configuration.api;
    return { port: await listen(app.server, host, port, 'API_PORT'), close };
  } catch (error) {
    await close();
    throw error;
  }
}
