import Type from 'typebox';
import type { ClusterOverview, ShardView } from '../../cluster/live/overview.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { oneOf, responses, textOrNull } from '../schemas.ts';

const Sink = Type.Object({
  sink: Type.String({ examples: ['mqtt'] }),
  delivered_until: textOrNull({ examples: ['2026-10-09T12:00:00Z'] }),
  lag_seconds: Type.Number({
    description: 'Simulated time from the delivered readings to the horizon.',
    examples: [1],
  }),
  readings_per_second: Type.Number({ description: 'Per second of real time.', examples: [12.5] }),
  readings: Type.Integer({ examples: [4560] }),
  connected: Type.Boolean(),
  last_error: textOrNull(),
});

const Cluster = Type.Object({
  enabled: Type.Boolean({
    description: 'False for a single simulator; the other fields are then missing.',
  }),
  closed_until: Type.Optional(
    Type.String({
      description: 'Simulated time up to which no more events can happen.',
      examples: ['2026-10-09T12:00:00Z'],
    }),
  ),
  lag_seconds: Type.Optional(
    Type.Number({ description: 'Lag of the slowest shard, in real time.', examples: [0.4] }),
  ),
  members: Type.Optional(
    Type.Array(
      Type.Object({
        id: Type.String({ examples: ['worker-1-17-3fa9'] }),
        role: oneOf(['api', 'worker']),
        version: Type.String({ examples: ['1.0.0'] }),
        shards: Type.Integer({ description: 'Number of shards that it delivers.', examples: [7] }),
        answers: Type.Boolean({ description: 'Whether this member sent the response.' }),
      }),
    ),
  ),
  shards: Type.Optional(
    Type.Array(
      Type.Object({
        shard: Type.Integer({ examples: [0] }),
        machines: Type.Integer({ examples: [1500] }),
        owner: textOrNull({ description: 'The worker that delivers it; null: none.' }),
        token: Type.Integer({
          description: 'Number of times that a worker took it over.',
          examples: [1],
        }),
        sinks: Type.Array(Sink),
      }),
    ),
  ),
});

/** `GET /simulator/cluster`: which process delivers what, and its progress. */
export function cluster(app: App, { cluster }: Api): void {
  app.get(
    '/simulator/cluster',
    {
      schema: {
        tags: [TAGS.simulation],
        summary: 'The processes and shards of a live cluster',
        response: responses(Cluster),
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
