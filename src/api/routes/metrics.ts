import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import Type from 'typebox';
import type { ClusterOverview, ShardView } from '../../cluster/live/overview.ts';
import type { DeliveryFigures } from '../../delivery/delivery.ts';
import type { Simulator } from '../../service/simulator.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { failures } from '../schemas.ts';

/** `/metrics`: figures for Prometheus. */
export function metrics(app: App, { simulator, cluster }: Api): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registerSimulation(registry, simulator);
  registerHealth(registry, simulator);
  registerSinks(registry, simulator);
  if (cluster) registerShards(registry, cluster);
  const durations = new Histogram({
    name: 'simulator_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
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
        summary: 'Figures for Prometheus',
        response: {
          200: {
            description: 'Figures, one a line',
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
    help: 'Readings that the machines made since the start.',
    registers,
    collect() {
      this.reset();
      this.inc(simulator.observer.readingsTotal);
    },
  });
  new Gauge({
    name: 'simulator_machines',
    help: 'Machines, by whether they run.',
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

/** Parts that may have a problem beside the sinks. */
const PARTS = ['store', 'journal', 'clock'];
/** Topics that have a figure of their own; the others share one, whatever is refused. */
const REFUSED_TOPICS_MAX = 50;
const OTHER_TOPICS = 'others';

function registerHealth(registry: Registry, simulator: Simulator): void {
  const registers = [registry];
  new Gauge({
    name: 'simulator_healthy',
    help: 'Whether there is no problem: 1 where /health says healthy, else 0.',
    registers,
    collect() {
      this.set(Number(simulator.problems.length === 0));
    },
  });
  new Gauge({
    name: 'simulator_problems',
    help: 'Problems now, by part.',
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
    help: 'Times that the clock was set by more than five seconds, either way.',
    registers,
    collect() {
      this.reset();
      this.inc(simulator.health.clockSteps);
    },
  });
  new Counter({
    name: 'simulator_messages_refused_total',
    help: 'Messages that a sink refused for good.',
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
    readings: 'Readings that a sink has taken.',
    messages: 'Messages that a sink has taken.',
    bytes: 'Bytes that a sink has taken.',
    failures: 'Batches that a sink did not take at once.',
    reconnects: 'Connections that a sink made after its first.',
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
    lag_seconds: [
      'Simulated time that a sink is behind; negative: ahead.',
      ({ lagMs }) => lagMs / 1000,
    ],
    stalled: ['Whether something is due that is not taken.', isStalled],
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

/** Figures of a live cluster, the same from each of its API processes. */
function registerShards(registry: Registry, cluster: ClusterOverview): void {
  const registers = [registry];
  new Gauge({
    name: 'simulator_cluster_lag_seconds',
    help: 'Real time that the slowest shard is behind.',
    registers,
    collect() {
      this.set(cluster.lagS());
    },
  });
  new Gauge({
    name: 'simulator_cluster_members',
    help: 'Processes that live, by what they do.',
    labelNames: ['role'],
    registers,
    collect() {
      for (const role of ['api', 'worker'])
        this.set({ role }, cluster.members.filter((each) => each.role === role).length);
    },
  });
  const levels = {
    lag_seconds: ['Simulated time that a shard is behind.', ({ lagMs }) => lagMs / 1000],
    readings_per_second: ['Readings that a sink takes of a shard.', (each) => rateOf(each)],
    owned: ['Whether a worker that lives delivers it.', ({ isOwned }) => Number(isOwned)],
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
