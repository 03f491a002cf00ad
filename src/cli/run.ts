import { once } from 'node:events';
import type { Logger } from 'pino';
import { webSocketRefusal } from '../api/access.ts';
import { listen, reachableHost } from '../broker/listen.ts';
import { attachWebSocket } from '../broker/websocket.ts';
import type { ApiProcess } from '../cluster/live/api-process.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { version } from '../runtime/version.ts';
import { type Assembly, assemble } from '../service/assembly.ts';
import type { Simulator } from '../service/simulator.ts';
import { removeAddress, writeAddress } from './address-file.ts';
import { announcement, movedPorts } from './announcement.ts';
import { type Command, FACTORY_OPTION, FLEET_OPTION } from './command.ts';
import { stopSignal } from './interruption.ts';
import { createLogger } from './logger.ts';

/** Runs the factory until it receives a signal to stop. */
export const run: Command = {
  name: 'run',
  about: 'Run the factory: publish its readings and serve the HTTP API.',
  options: {
    ...FACTORY_OPTION,
    ...FLEET_OPTION,
    cluster: {
      about: 'Run as an API of a live cluster, whose workers deliver; same as CLUSTER=true.',
    },
  },
  examples: ['run', 'run --factory examples/two-sites.yaml', 'run --machines 1000'],
  async execute({ values: { factory, machines }, flags }) {
    const isCluster = flags.has('cluster');
    const configuration = loadConfiguration({ options: { factory, machines, isCluster } });
    const isTerminal = process.stdout.isTTY === true;
    const log = await createLogger(configuration.logLevel, isTerminal);
    const stop = stopSignal(
      log,
      'stopping: delivering what is in flight; a second signal exits at once',
      'not everything could be delivered in time',
    );
    const assembly: Assembly & Pick<ApiProcess, 'cluster'> = configuration.cluster.isLive
      ? await (await import('../cluster/live/api-process.ts')).assembleApi(configuration, log)
      : { ...(await assemble(configuration, log)), cluster: undefined };
    const { simulator, registry, broker, cluster } = assembly;
    const crash = crashOf(simulator, log);
    process.prependListener('uncaughtException', crash);
    const finished = assembly.run().catch(crash);
    // Readings do not wait for the API, whose code takes longest to load.
    const app = await import('../api/app.ts')
      .then(({ buildApp }) =>
        buildApp(simulator, configuration, { logger: log, registry, cluster }),
      )
      .catch(async (error) => {
        await assembly.stop();
        throw error;
      });
    let url = '';
    const close = () => {
      removeAddress(configuration.dataDir, url);
      return Promise.all([app.close(), assembly.stop()]);
    };
    if (broker)
      attachWebSocket(broker, app.server, (request) => webSocketRefusal(request, configuration));
    try {
      await app.ready();
      const { host, port } = configuration.api;
      const apiPort = await listen(app.server, host, port, 'API_PORT');
      url = `http://${reachableHost(host)}:${apiPort}`;
      writeAddress(configuration.dataDir, url);
      announce(configuration, assembly, apiPort, log, isTerminal);
    } catch (error) {
      await close();
      throw error;
    }
    if (!stop.aborted) await once(stop, 'abort');
    await close();
    await finished;
    log.info('ended');
    return 0;
  },
};

function announce(
  configuration: Configuration,
  { simulator, broker, addresses }: Assembly,
  apiPort: number,
  log: Logger,
  isTerminal: boolean,
): void {
  const nowMs = simulator.clock.nowMs();
  const { fleet, clock, databaseLocation } = simulator;
  const { factories, seed } = fleet;
  const { speed } = clock;
  const reached = {
    apiPort,
    addresses,
    brokerPort: broker?.port,
    database: databaseLocation,
    factories,
    seed,
    speed,
    nowMs,
  };
  if (isTerminal) process.stdout.write(announcement(configuration, reached));
  else {
    const machines = simulator.fleet.machines.length;
    const { host } = configuration.api;
    log.info(
      {
        version,
        api: { host, port: apiPort },
        ...addresses,
        database: databaseLocation,
        machines,
        seed,
        speed,
      },
      'running',
    );
    for (const note of movedPorts(configuration, reached)) log.warn(note);
    if (configuration.api.key === undefined)
      log.warn('no API_KEY: only clients on this computer may change anything');
  }
  for (const remark of configuration.remarks) log.warn(remark);
}

/** Exits at an internal error, and logs what is needed to reproduce it. */
function crashOf({ clock, fleet }: Simulator, log: Logger): (error: unknown) => never {
  return (error) => {
    const time = new Date(clock.nowMs()).toISOString();
    const { seed } = fleet;
    log.fatal({ err: error, seed, time }, `failed with SIMULATION_SEED=${seed} at ${time}`);
    process.exit(1);
  };
}
