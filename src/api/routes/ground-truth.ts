import Type from 'typebox';
import type { TruthRecord } from '../../service/ground-truth.ts';
import { truthMessage } from '../../service/truth-publisher.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { command, failures, Id, Instant, MachineName, Time } from '../schemas.ts';
import { parsedWindow } from '../window.ts';

/** Most anomalies in one response: each may have to be computed. */
const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 100;
/** Span of a window without `from`: a day. */
const WINDOW_DEFAULT_MS = 86_400_000;

const Truth = Type.Object({
  id: Type.String({ examples: ['c0000000-0000-0000-0000-000000000001/random/2026-10-09'] }),
  machine_id: Id,
  anomaly_type: Type.String({ examples: ['leak'] }),
  origin: Type.Unsafe<TruthRecord['origin']>({
    type: 'string',
    enum: ['injected', 'random', 'scenario'],
  }),
  severity: Type.Number({ minimum: 1, maximum: 5, examples: [3] }),
  started_at: Time,
  ended_at: Time,
  active: Type.Boolean({ description: 'It has not ended yet; `ended_at` is in the future.' }),
  cleared_by: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
  affected_signals: Type.Array(Type.String(), { examples: [['power_kw', 'flow_rate_m3h']] }),
  excess_energy_kwh: Type.Number({
    description: 'Compared with the same machine without it, so far.',
  }),
  lost_production_units: Type.Number({
    description: 'Good units not produced because of it, so far.',
  }),
  final: Type.Boolean({ description: 'The machine has recovered; the figures are final.' }),
});

/** `/simulator/anomalies`: every anomaly in a window, with its cost. */
export function groundTruth(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/anomalies',
    {
      schema: {
        tags: [TAGS.anomalies],
        summary: 'The anomalies in a window with their ground truth',
        description:
          'Injected, random and planned anomalies in the window, oldest first; default: ' +
          'the last day. Costs compare the machine with itself without the anomaly.',
        querystring: command({
          from: Type.Optional(Instant),
          to: Type.Optional(Instant),
          machine_id: Type.Optional(MachineName),
          type: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          active: Type.Optional(Type.Boolean()),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMIT_MAX })),
          offset: Type.Optional(Type.Integer({ minimum: 0 })),
        }),
        response: {
          200: { description: 'Oldest first', ...Type.Array(Truth) },
          ...failures(404, 409, 422),
        },
      },
    },
    async (request, reply) => {
      await simulator.eventLog.settled();
      const {
        from,
        to,
        machine_id,
        type,
        active,
        limit = LIMIT_DEFAULT,
        offset = 0,
      } = request.query;
      const nowMs = simulator.eventLog.closedMs();
      const window = parsedWindow(from, to, nowMs, WINDOW_DEFAULT_MS);
      const machines =
        machine_id === undefined ? simulator.fleet.machines : [simulator.machine(machine_id)];
      const asked = { ...window, machines, type, isActive: active, limit, offset };
      const signal = limiter.acquire(request, reply);
      const { total, records } = await simulator.groundTruth.list(asked, signal);
      reply.header('x-total-count', total);
      return records.map((record) => truthMessage(record, nowMs));
    },
  );
}
