import Type from 'typebox';
import { truthMessage } from '../../service/truth-publisher.ts';
import { type Api, type App, TAGS } from '../context.ts';
import {
  command,
  failures,
  Id,
  MachineName,
  Origin,
  Time,
  textOrNull,
  WindowQuery,
} from '../schemas.ts';
import { pastWindow } from '../window.ts';

/** Most anomalies in one response: each may have to be computed. */
const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 100;
/** Span of a window without `from`: a day. */
const WINDOW_DEFAULT_MS = 86_400_000;

const Truth = Type.Object({
  id: Type.String({ examples: ['c0000000-0000-0000-0000-000000000001/random/2026-10-09'] }),
  machine_id: Id,
  anomaly_type: Type.String({ examples: ['leak'] }),
  origin: Origin,
  severity: Type.Number({ minimum: 1, maximum: 5, examples: [3] }),
  started_at: Time,
  ended_at: Time,
  active: Type.Boolean({ description: 'It has not ended yet; `ended_at` is in the future.' }),
  cleared_by: textOrNull(),
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
          ...WindowQuery,
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
      const { query } = request;
      const { machine_id, type, active, limit = LIMIT_DEFAULT, offset = 0 } = query;
      const window = await pastWindow(simulator, query, WINDOW_DEFAULT_MS);
      const nowMs = simulator.eventLog.closedMs();
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
