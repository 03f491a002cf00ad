import type { Configuration } from '../../config/configuration.ts';
import type { FactoryDescription } from '../../core/factory.ts';
import { addressText, type BrokerAddress } from '../../outputs/mqtt/client.ts';
import { mqttOptions } from '../../outputs/mqtt/index.ts';
import type { Log } from '../../runtime/log.ts';
import type { Assembly } from '../../service/assembly.ts';
import { Observer } from '../../service/observer.ts';
import { RegisterTotals } from '../../service/register-totals.ts';
import { Registry } from '../../service/registry.ts';
import { Simulator } from '../../service/simulator.ts';
import { createFleet } from '../../simulation/fleet.ts';
import { leave } from '../../store/cluster/members.ts';
import { listenToWakes } from '../../store/cluster/wakes.ts';
import { toldFleet } from '../../stories/told.ts';
import { joinCluster } from './join.ts';
import { ClusterOverview } from './overview.ts';
import { PeriodicTask } from './periodic-task.ts';
import type { RegistryFollower } from './shared-event-log.ts';

/** How often to send a heartbeat and to read those of the other processes [ms]. */
const HEARTBEAT_MS = 1000;

const OVERVIEW_MESSAGES = {
  failing: 'cannot read the state of the cluster; trying again',
  recovered: 'reading the state of the cluster again',
};

/** An API process of a live cluster: a simulator without deliveries of its own. */
export interface ApiProcess extends Assembly {
  readonly cluster: ClusterOverview | undefined;
}

/**
 * Assembles an API process of a live cluster. It keeps no state: it answers from the store and
 * computes the machines itself, so you can run any number of them.
 *
 * @throws ConfigError if the cluster runs a different configuration, StoreError if there is no
 *   database.
 */
export async function assembleApi(configuration: Configuration, log: Log): Promise<ApiProcess> {
  const membership = await joinCluster(configuration, 'api', log);
  const { store, eventLog, factories, seed, beginsS, gapLog, me } = membership;
  const { clock } = eventLog;
  const fleet = toldFleet(
    createFleet(factories, {
      seed,
      journal: eventLog.journal,
      types: configuration.catalogue,
      registersFromS: beginsS,
      haveAllRegisters: configuration.haveAllRegisters,
    }),
  );
  const observer = new Observer(fleet, eventLog, clock, configuration.statusIntervalS);
  const cluster = new ClusterOverview(membership);
  const deliveries = configuration.outputs.map(({ output }) => cluster.delivering(output.name));
  const simulator = new Simulator({
    fleet,
    clock,
    eventLog,
    observer,
    deliveries,
    store,
    gapLog: cluster,
    watched: { journal: eventLog, clockState: clock, log },
  });
  const source = membership.registry;
  const follower: RegistryFollower = {
    read: async () => (source ? source.read(() => eventLog.nextS()) : simulator.fleet.factories),
    change: (next, fromMs) => simulator.change(next, fromMs),
  };
  const handOver = (next: readonly FactoryDescription[]) =>
    eventLog.changeRegistry(source?.digest as string, next, follower);
  const { isAutoStart } = configuration;
  const registry = source && new Registry(simulator, source, log, { isAutoStart, handOver });
  const totals = new RegisterTotals(store.database, () => simulator.fleet);
  await totals.load();
  const end = new AbortController();
  const heartbeats = new PeriodicTask(
    () => cluster.refresh(simulator.fleet),
    HEARTBEAT_MS,
    log,
    OVERVIEW_MESSAGES,
  );
  return {
    simulator,
    registry,
    cluster,
    broker: undefined,
    begun: Promise.resolve(),
    addresses: {
      mqtt: addressText(mqttOptions(configuration.outputs).external as BrokerAddress),
    },
    async run() {
      const wake = () => {
        eventLog.wake();
        heartbeats.wake();
      };
      const running = [
        eventLog.run(end.signal, follower),
        heartbeats.run(end.signal),
        observer.run(end.signal),
        simulator.health.run(end.signal),
        totals.run(end.signal),
        registry?.run(end.signal),
        listenToWakes(membership.server, wake, end.signal),
      ];
      await Promise.race([Promise.all(running), store.whenLost()]);
    },
    async stop() {
      simulator.beginStopping();
      end.abort();
      await leave(store.database, me.id).catch(() => undefined);
      await gapLog.close();
      await store.close();
    },
  };
}
