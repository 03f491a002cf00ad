import { once } from 'node:events';
import type { Logger } from 'pino';
import { reachableHost } from '../broker/listen.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { collectGarbage } from '../runtime/collect-garbage.ts';
import { version } from '../runtime/version.ts';
import type { Assembly } from '../service/assembly.ts';
import type { Simulator } from '../service/simulator.ts';
import { preparePglite } from '../store/drivers/pglite-thread.ts';
import { removeAddress, writeAddress } from './address-file.ts';
import { announcement, movedPorts } from './announcement.ts';
import type { Served } from './api-server.ts';
import { type Command, FACTORY_OPTION, FLEET_OPTION, STORY_OPTION } from './command.ts';
import { stopSignal } from './interruption.ts';
import { createLogger } from './logger.ts';

/** When the memory that only the start needed is no longer in use [ms after the start]. */
const SETTLED_MS = 30_000;

/** Runs the factory until it receives a signal to stop. */
export const run: Command = {
  name: 'run',
  about: 'Run the factory: publish its readings and serve the HTTP API.',
  options: {
    ...FACTORY_OPTION,
    ...FLEET_OPTION,
    ...STORY_OPTION,
    cluster: {
      about: 'Run as an API of a live cluster, whose workers deliver; same as CLUSTER=true.',
    },
  },
  examples: [
    'run',
    'run --factory examples/two-sites.yaml',
    'run --machines 1000',
    'run --scenario story.yaml',
  ],
  async execute({ values: { factory, machines }, lists, flags }) {
    const isCluster = flags.has('cluster');
    const scenario = lists['scenario']?.join(',');
    const configuration = loadConfiguration({
      options: { factory, machines, scenario, isCluster },
    });
    const { isLive } = configuration.cluster;
    if (!configuration.database && !isLive) preparePglite();
    const isTerminal = process.stdout.isTTY === true;
    const log = await createLogger(configuration.logLevel, isTerminal);
    const stop = stopSignal(
      log,
      'stopping: delivering what is in flight; a second signal exits at once',
      'not everything could be delivered in time',
    );
    const assemble: (configuration: Configuration, log: Logger) => Promise<Served> = isLive
      ? (await import('../cluster/live/api-process.ts')).assembleApi
      : (await import('../service/assembly.ts')).assemble;
    const opening = assemble(configuration, log);
    // The API, whose code takes longest to load, is loaded while the database opens.
    const server = import('./api-server.ts');
    server.catch(() => undefined);
    const served = await opening;
    const crash = crashOf(served.simulator, log);
    process.prependListener('uncaughtException', crash);
    const finished = served.run().catch(crash);
    await served.begun;
    const api = await server
      .then(({ serveApi }) => serveApi(served, configuration, log))
      .catch(async (error) => {
        await served.stop();
        throw error;
      });
    const url = `http://${reachableHost(configuration.api.host)}:${api.port}`;
    writeAddress(configuration.dataDir, url);
    announce(configuration, served, api.port, log, isTerminal);
    setTimeout(collectGarbage, SETTLED_MS).unref();
    if (!stop.aborted) await once(stop, 'abort');
    removeAddress(configuration.dataDir, url);
    await Promise.all([api.close(), served.stop()]);
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
