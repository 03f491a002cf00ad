import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import Type from 'typebox';
import type { ClusterOverview, ShardView } from '../../cluster/live/overview.ts';
import type { DeliveryFigures } from '../../delivery/delivery.ts';
import type { Simulator } from '../../service/simulator.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { failures } from '../schemas.ts';

/** `/metrics`: metrics for Prometheus. */
export function metrics(app: App, { simulator, cluster }: Api): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registerSimulation(registry, simulator);
  registerHealth(registry, simulator);
  registerSinks(registry, simulator);
  if (cluster) registerShards(registry, cluster);
  const durations = new Histogram({
    name: 'simulator_http_request_duration_seconds',
    help: 'Time from a request to the end of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    const labels = { method, route: routeOptions.url ?? 'none', status: statusCode };
    durations.observe(labels, elapsedTime / 1000);
  });

  app.get(
    '/metrics',
    {
      schema: {
        tags: [TAGS.service],
        summary: 'Metrics for Prometheus',
        response: {
          200: {
            description: 'Metrics, one per line',
            content: {
              'text/plain': {
                schema: Type.String({ examples: ['simulator_readings_total 4560'] }),
              },
            },
          },
          ...failures(),
        },
      },
    },
    async (_request, reply) =>
      reply.type(registry.contentType).send((await registry.metrics()) as never),
  );
}

function registerSimulation(registry: Registry, simulator: Simulator): void {
  const registers = [registry];
  new Counter({
    name: 'simulator_readings_total',
    help: 'Readings of all machines since the start.',
    registers,
    collect() {
      this.reset();
      this.inc(simulator.observer.readingsTotal);
    },
  });
  new Gauge({
    name: 'simulator_machines',
    help: 'Number of machines by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const running = simulator.runningCount();
      this.set({ state: 'running' }, running);
      this.set({ state: 'stopped' }, simulator.fleet.machines.length - running);
    },
  });
  new Gauge({
    name: 'simulator_time_seconds',
    help: 'Simulated time since the epoch.',
    registers,
    collect() {
      this.set(simulator.clock.nowMs() / 1000);
    },
  });
  new Gauge({
    name: 'simulator_journal_events',
    help: 'Events in the journal.',
    registers,
    collect() {
      this.set(simulator.eventLog.journal.events.length);
    },
  });
}

/** Parts that may have a problem, besides the sinks. */
const PARTS = ['store', 'journal', 'clock'];
/** Topics with their own series; all others share one, to limit the number of series. */
const REFUSED_TOPICS_MAX = 50;
const OTHER_TOPICS = 'others';

function registerHealth(registry: Registry, simulator: Simulator): void {
  const registers = [registry];
  new Gauge({
    name: 'simulator_healthy',
    help: '1 if there is no problem and /health reports healthy, else 0.',
    registers,
    collect() {
      this.set(Number(simulator.problems.length === 0));
    },
  });
  new Gauge({
    name: 'simulator_problems',
    help: 'Number of current problems by part.',
    labelNames: ['part'],
    registers,
    collect() {
      this.reset();
      for (const part of [...simulator.sinks.map(({ sink }) => sink), ...PARTS])
        this.set({ part }, 0);
      for (const { part } of simulator.problems) this.inc({ part });
    },
  });
  new Counter({
    name: 'simulator_clock_steps_total',
    help: 'Number of times the clock was set by more than five seconds, forward or back.',
    registers,
    collect() {
      this.reset();
      this.inc(simulator.health.clockSteps);
    },
  });
  new Counter({
    name: 'simulator_messages_refused_total',
    help: 'Messages that a sink rejected permanently.',
    labelNames: ['sink', 'topic'],
    registers,
    collect() {
      this.reset();
      for (const { sink, refused, refusedTotal } of simulator.sinks) {
        let rest = refusedTotal;
        for (const { topic, count } of refused.slice(0, REFUSED_TOPICS_MAX)) {
          this.inc({ sink, topic }, count);
          rest -= count;
        }
        if (rest > 0) this.inc({ sink, topic: OTHER_TOPICS }, rest);
      }
    },
  });
}

function registerSinks(registry: Registry, simulator: Simulator): void {
  const totals = {
    readings: 'Readings accepted by a sink.',
    messages: 'Messages accepted by a sink.',
    bytes: 'Bytes accepted by a sink.',
    failures: 'Batches that a sink did not accept at the first attempt.',
    reconnects: 'Connections made by a sink after its first.',
  } as const;
  for (const [key, help] of Object.entries(totals) as [keyof typeof totals, string][])
    new Counter({
      name: `simulator_sink_${key}_total`,
      help,
      labelNames: ['sink'],
      registers: [registry],
      collect() {
        this.reset();
        for (const figures of simulator.sinks) this.inc({ sink: figures.sink }, figures[key]);
      },
    });
  const levels = {
    lag_seconds: ['Lag of a sink in simulated time; negative: ahead.', ({ lagMs }) => lagMs / 1000],
    stalled: ['Whether a sink does not accept readings that are due.', isStalled],
    connected: ['Whether a sink is connected.', ({ isConnected }) => Number(isConnected)],
  } satisfies Record<string, [string, (figures: DeliveryFigures) => number]>;
  for (const [name, [help, value]] of Object.entries(levels))
    new Gauge({
      name: `simulator_sink_${name}`,
      help,
      labelNames: ['sink'],
      registers: [registry],
      collect() {
        for (const figures of simulator.sinks) this.set({ sink: figures.sink }, value(figures));
      },
    });
}

function isStalled({ state }: DeliveryFigures): number {
  return Number(state === 'stalled');
}

/** Metrics of a live cluster, equal in each of its API processes. */
function registerShards(registry: Registry, cluster: ClusterOverview): void {
  const registers = [registry];
  new Gauge({
    name: 'simulator_cluster_lag_seconds',
    help: 'Lag of the slowest shard in real time.',
    registers,
    collect() {
      this.set(cluster.lagS());
    },
  });
  new Gauge({
    name: 'simulator_cluster_members',
    help: 'Number of live processes by role.',
    labelNames: ['role'],
    registers,
    collect() {
      for (const role of ['api', 'worker'])
        this.set({ role }, cluster.members.filter((each) => each.role === role).length);
    },
  });
  const levels = {
    lag_seconds: ['Lag of a shard in simulated time.', ({ lagMs }) => lagMs / 1000],
    readings_per_second: [
      'Readings of a shard accepted by a sink per second.',
      (each) => rateOf(each),
    ],
    owned: ['Whether a live worker delivers it.', ({ isOwned }) => Number(isOwned)],
  } satisfies Record<string, [string, (shard: ShardView) => number]>;
  for (const [name, [help, value]] of Object.entries(levels))
    new Gauge({
      name: `simulator_shard_${name}`,
      help,
      labelNames: ['shard', 'sink', 'owner'],
      registers,
      collect() {
        this.reset();
        for (const each of cluster.shards()) {
          const { shard, sink, isOwned, owner } = each;
          this.set({ shard, sink, owner: (isOwned && owner) || '' }, value(each));
        }
      },
    });
}

function rateOf({ isOwned, readingsPerS }: ShardView): number {
  return isOwned ? readingsPerS : 0;
}
