import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import Type from 'typebox';
import type { ClusterOverview, ShardView } from '../../cluster/live/overview.ts';
import type { DeliveryFigures } from '../../delivery/delivery.ts';
import type { Simulator } from '../../service/simulator.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { failures } from '../responses.ts';

/** `/metrics`: metrics for Prometheus. */
export function metrics(app: App, { simulator, cluster }: Api): void {
  const registry = new Registry();
  const add = addTo(registry);
  registerSimulation(add, simulator);
  registerHealth(add, simulator);
  registerSinks(add, simulator);
  if (cluster) registerShards(add, cluster);
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
  let isCollecting = false;
  // Measuring the delay of the event loop wakes the process a hundred times a second, so it begins
  // with the first request.
  const collectOwn = () => {
    if (isCollecting) return;
    isCollecting = true;
    collectDefaultMetrics({ register: registry });
    // Names of gauges must not end like those of counters; the same figures are there by type.
    for (const { name, type } of registry.getMetricsAsArray())
      if (String(type) === 'gauge' && name.endsWith('_total')) registry.removeSingleMetric(name);
  };

  app.get(
    '/metrics',
    {
      schema: {
        tags: [TAGS.service],
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus',
        description: 'Counters, gauges and histograms in the text format of Prometheus.',
        response: {
          200: {
            description: 'Metrics, one per line.',
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
    async (_request, reply) => {
      collectOwn();
      return reply.type(registry.contentType).send((await registry.metrics()) as never);
    },
  );
}

/** A value, with the labels of its series. */
type Sample = readonly [value: number, labels?: Readonly<Record<string, string | number>>];

/** Adds a metric whose values are read anew for each response. */
type Add = (
  Kind: typeof Counter | typeof Gauge,
  name: string,
  help: string,
  labelNames: string[],
  samples: () => Iterable<Sample>,
) => void;

function addTo(registry: Registry): Add {
  return (Kind, name, help, labelNames, samples) =>
    new Kind({
      name: `simulator_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, labels = {}] of samples()) this.inc(labels, value);
      },
    });
}

function registerSimulation(add: Add, simulator: Simulator): void {
  add(Counter, 'readings_total', 'Readings of all machines since the start.', [], () => [
    [simulator.observer.readingsTotal],
  ]);
  add(Gauge, 'machines', 'Number of machines by state.', ['state'], () => {
    const running = simulator.runningCount();
    return [
      [running, { state: 'running' }],
      [simulator.fleet.machines.length - running, { state: 'stopped' }],
    ];
  });
  add(Gauge, 'time_seconds', 'Simulated time since the epoch.', [], () => [
    [simulator.clock.nowMs() / 1000],
  ]);
  add(Gauge, 'journal_events', 'Events in the journal.', [], () => [
    [simulator.eventLog.journal.events.length],
  ]);
}

/** Parts that may have a problem, besides the sinks. */
const PARTS = ['store', 'journal', 'clock'];
/** Topics with their own series; all others share one, to limit the number of series. */
const REFUSED_TOPICS_MAX = 50;
const OTHER_TOPICS = 'others';

function registerHealth(add: Add, simulator: Simulator): void {
  const healthy = '1 if there is no problem and /health reports healthy, else 0.';
  add(Gauge, 'healthy', healthy, [], () => [[Number(simulator.problems.length === 0)]]);
  add(Gauge, 'problems', 'Number of current problems by part.', ['part'], () => {
    const known = [...simulator.sinks.map(({ sink }) => sink), ...PARTS];
    return [
      ...known.map((part): Sample => [0, { part }]),
      ...simulator.problems.map(({ part }): Sample => [1, { part }]),
    ];
  });
  const steps = 'Number of times the clock was set by more than five seconds, forward or back.';
  add(Counter, 'clock_steps_total', steps, [], () => [[simulator.health.clockSteps]]);
  const refused = 'Messages that a sink rejected permanently.';
  add(Counter, 'messages_refused_total', refused, ['sink', 'topic'], () =>
    simulator.sinks.flatMap(refusedMessages),
  );
}

function refusedMessages({ sink, refused, refusedTotal }: DeliveryFigures): Sample[] {
  const shown = refused.slice(0, REFUSED_TOPICS_MAX);
  const rest = shown.reduce((left, { count }) => left - count, refusedTotal);
  return [
    ...shown.map(({ topic, count }): Sample => [count, { sink, topic }]),
    ...(rest > 0 ? [[rest, { sink, topic: OTHER_TOPICS }] as const] : []),
  ];
}

function registerSinks(add: Add, simulator: Simulator): void {
  const totals = {
    readings: 'Readings accepted by a sink.',
    messages: 'Messages accepted by a sink.',
    bytes: 'Bytes accepted by a sink.',
    failures: 'Batches that a sink did not accept at the first attempt.',
    reconnects: 'Connections made by a sink after its first.',
  } as const;
  for (const [key, help] of Object.entries(totals) as [keyof typeof totals, string][])
    add(Counter, `sink_${key}_total`, help, ['sink'], () =>
      simulator.sinks.map((figures) => [figures[key], { sink: figures.sink }]),
    );
  const levels = {
    lag_seconds: ['Lag of a sink in simulated time; negative: ahead.', ({ lagMs }) => lagMs / 1000],
    stalled: [
      'Whether a sink does not accept readings that are due.',
      ({ state }) => Number(state === 'stalled'),
    ],
    connected: ['Whether a sink is connected.', ({ isConnected }) => Number(isConnected)],
  } satisfies Record<string, [string, (figures: DeliveryFigures) => number]>;
  for (const [name, [help, value]] of Object.entries(levels))
    add(Gauge, `sink_${name}`, help, ['sink'], () =>
      simulator.sinks.map((figures) => [value(figures), { sink: figures.sink }]),
    );
}

/** Metrics of a live cluster, equal in each of its API processes. */
function registerShards(add: Add, cluster: ClusterOverview): void {
  const lag = 'Lag of the slowest shard in real time.';
  add(Gauge, 'cluster_lag_seconds', lag, [], () => [[cluster.lagS()]]);
  add(Gauge, 'cluster_members', 'Number of live processes by role.', ['role'], () =>
    ['api', 'worker'].map((role) => [
      cluster.members.filter((each) => each.role === role).length,
      { role },
    ]),
  );
  const levels = {
    lag_seconds: ['Lag of a shard in simulated time.', ({ lagMs }) => lagMs / 1000],
    readings_per_second: [
      'Readings of a shard accepted by a sink per second.',
      ({ isOwned, readingsPerS }) => (isOwned ? readingsPerS : 0),
    ],
    owned: ['Whether a live worker delivers it.', ({ isOwned }) => Number(isOwned)],
  } satisfies Record<string, [string, (shard: ShardView) => number]>;
  for (const [name, [help, value]] of Object.entries(levels))
    add(Gauge, `shard_${name}`, help, ['shard', 'sink', 'owner'], () =>
      cluster.shards().map((each) => {
        const { shard, sink, isOwned, owner } = each;
        return [value(each), { shard, sink, owner: (isOwned && owner) || '' }];
      }),
    );
}
