import Type from 'typebox';
import type { ClusterOverview, ShardView } from '../../cluster/live/overview.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { responses } from '../responses.ts';
import { flag, integer, list, named, number, oneOf, text, textOrNull, time } from '../schemas.ts';

const Sink = Type.Object({
  sink: text('Name of the sink.', 'mqtt'),
  delivered_until: textOrNull(
    'Simulated time up to which it has all readings; null if it has none yet.',
    '2026-01-05T06:00:00Z',
  ),
  lag_seconds: number('Simulated time from the delivered readings to the horizon [s].', 1),
  readings_per_second: number('Readings delivered per second of real time.', 12.5),
  readings: integer('Readings delivered.', 4560),
  connected: flag('Whether the sink is connected.'),
  last_error: textOrNull('The last error; null if there was none.', null),
});

const Member = Type.Object({
  id: text('Name of the process.', 'worker-1-17-3fa9'),
  role: oneOf('What the process does.', ['api', 'worker']),
  version: text('Version of the program.', '1.0.0'),
  shards: integer('Number of shards that it delivers.', 7),
  answers: flag('Whether this process sent the response.'),
});

const Shard = Type.Object({
  shard: integer('Number of the shard, from 0.', 0),
  machines: integer('Number of machines in the shard.', 1500),
  owner: textOrNull('The worker that delivers the shard; null if none does.', 'worker-1-17-3fa9'),
  token: integer('Number of times that a worker took over the shard.', 1),
  sinks: list('The progress of each sink.', Sink),
});

const Cluster = named('Cluster', 'The processes and shards of a cluster.', {
  enabled: flag('False for a single simulator; the other fields are then missing.'),
  closed_until: Type.Optional(time('Simulated time up to which no more events can happen.')),
  lag_seconds: Type.Optional(number('Lag of the slowest shard in real time [s].', 0.4)),
  members: Type.Optional(list('The live processes.', Member)),
  shards: Type.Optional(list('The shards, each with some of the machines.', Shard)),
});

/** `GET /simulator/cluster`: which process delivers what, and its progress. */
export function cluster(app: App, { cluster }: Api): void {
  app.get(
    '/simulator/cluster',
    {
      schema: {
        tags: [TAGS.simulation],
        operationId: 'getCluster',
        summary: 'The processes and shards of a cluster',
        description: 'Which process delivers what, and how far it is.',
        response: responses('The cluster, or that there is none.', Cluster),
      },
    },
    () => (cluster ? shown(cluster) : { enabled: false }),
  );
}

function shown(cluster: ClusterOverview) {
  const views = cluster.shards();
  const byShard = new Map<number, ShardView[]>();
  for (const view of views) byShard.set(view.shard, [...(byShard.get(view.shard) ?? []), view]);
  const shards = Array.from(byShard.values(), (sinks) => {
    const { shard, machines, owner, isOwned, token } = sinks[0] as ShardView;
    return {
      shard,
      machines,
      owner: isOwned ? owner : null,
      token,
      sinks: sinks.map(shownSink),
    };
  });
  return {
    enabled: true,
    closed_until: timeText(cluster.closedMs),
    lag_seconds: cluster.lagS(),
    members: cluster.members.map(({ id, role, version }) => ({
      id,
      role,
      version,
      shards: shards.filter(({ owner }) => owner === id).length,
      answers: id === cluster.me.id,
    })),
    shards,
  };
}

function shownSink(view: ShardView) {
  return {
    sink: view.sink,
    delivered_until: view.timeMs === null ? null : timeText(view.timeMs),
    lag_seconds: view.lagMs / 1000,
    readings_per_second: view.isOwned ? view.readingsPerS : 0,
    readings: view.readings,
    connected: view.isOwned && view.isConnected,
    last_error: view.lastError,
  };
}
