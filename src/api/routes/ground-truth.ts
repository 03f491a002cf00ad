import Type from 'typebox';
import { truthMessage } from '../../service/truth-publisher.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { AMBIGUOUS, described, failures, invalid, NO_MACHINE } from '../responses.ts';
import {
  command,
  flag,
  integer,
  MachineId,
  MachineName,
  named,
  number,
  Origin,
  text,
  textOrNull,
  time,
  windowQuery,
} from '../schemas.ts';
import { pastWindow } from '../window.ts';

/** Most anomalies in one response: each may have to be computed. */
const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 100;
/** Span of a window without `from`: a day. */
const WINDOW_DEFAULT_MS = 86_400_000;

const Truth = named('GroundTruth', 'An anomaly, and what it has cost so far.', {
  id: text('Id of the anomaly.', 'c0000000-0000-0000-0000-000000000001/random/2026-01-05'),
  machine_id: MachineId,
  anomaly_type: text('Type of the anomaly.', 'leak'),
  origin: Origin,
  severity: Type.Number({
    minimum: 1,
    maximum: 5,
    description: 'Strength of the anomaly.',
    examples: [3],
  }),
  started_at: time('When it started.'),
  ended_at: time('When it ended or will end.', '2026-01-05T06:40:00Z'),
  active: flag('Whether it has not ended yet; `ended_at` is then in the future.'),
  cleared_by: textOrNull(
    'What ended it early: `request` for a command, `superseded` for a later anomaly; null if ' +
      'nothing did.',
    'request',
  ),
  affected_signals: Type.Array(Type.String(), {
    description: 'Fields of the readings that it changes.',
    examples: [['power_kw', 'flow_rate_m3h']],
  }),
  excess_energy_kwh: number(
    'Energy used because of it, so far [kWh]: the machine compared with itself without it.',
    4.21,
  ),
  lost_production_units: number('Good units not produced because of it, so far.', 0),
  final: flag('Whether the machine has recovered, so that the figures are final.'),
});

/** `/simulator/anomalies`: every anomaly in a window, with its cost. */
export function groundTruth(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/anomalies',
    {
      schema: {
        tags: [TAGS.anomalies],
        operationId: 'listAnomalies',
        summary: 'The anomalies in a window, with their ground truth',
        description:
          'Injected, random and planned anomalies in the window, oldest first. Costs compare the ' +
          'machine with itself without the anomaly.',
        querystring: command({
          ...windowQuery('a day before `to`'),
          machine_id: Type.Optional(MachineName),
          type: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 64,
              description: 'Only anomalies of this type.',
              examples: ['leak'],
            }),
          ),
          active: Type.Optional(flag('Only active anomalies, or only ended ones.')),
          limit: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: LIMIT_MAX,
              description: `Most anomalies in the response; default: ${LIMIT_DEFAULT}.`,
            }),
          ),
          offset: Type.Optional(
            Type.Integer({ minimum: 0, description: 'Number of anomalies to skip; default: 0.' }),
          ),
        }),
        response: {
          200: described('The anomalies, oldest first.', Type.Array(Truth), {
            'X-Total-Count': {
              description: 'Number of anomalies that match.',
              schema: integer('Number of anomalies that match.', 3),
            },
          }),
          ...failures(
            NO_MACHINE,
            AMBIGUOUS,
            invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
          ),
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
