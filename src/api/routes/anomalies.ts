import Type from 'typebox';
import { DURATION_S, type Incident, SEVERITY } from '../../core/anomaly.ts';
import type { MachineType } from '../../core/machine.ts';
import { isCalled } from '../../core/machine-finder.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import {
  answer,
  answered,
  COMMAND_FAILURES,
  command,
  Id,
  MachineName,
  MachinePath,
  Origin,
  responses,
  Time,
} from '../schemas.ts';

/** Longest name of an anomaly; the valid names depend on the machine. */
const NAME_MAX = 64;

/** Schemas for the anomalies of the known machine types. */
function schemas(catalogue: readonly MachineType[]) {
  const AnomalyType = Type.String({
    minLength: 1,
    maxLength: NAME_MAX,
    description: catalogue
      .filter(({ faultTypes }) => faultTypes.length > 0)
      .map((type) => `${type.type}: ${type.faultTypes.join(', ')}`)
      .join('; '),
    examples: ['leak'],
  });

  const Injected = command(
    {
      anomaly_type: AnomalyType,
      severity: Type.Optional(
        Type.Number({
          minimum: SEVERITY.min,
          maximum: SEVERITY.max,
          description: `Default: ${SEVERITY.default}.`,
        }),
      ),
      duration_seconds: Type.Optional(
        Type.Integer({
          minimum: DURATION_S.min,
          maximum: DURATION_S.max,
          description: `Default: ${DURATION_S.default}.`,
        }),
      ),
      machine_id: Type.Optional(MachineName),
    },
    { examples: [{ anomaly_type: 'leak', duration_seconds: 600, severity: 3 }] },
  );

  const Anomaly = Type.Object({
    id: Type.String(),
    machine_id: Id,
    anomaly_type: AnomalyType,
    origin: Origin,
    severity: Type.Number({ examples: [3] }),
    started_at: Time,
    ends_at: Time,
  });

  const Cleared = Type.Object({ machine_id: Id, cleared: Type.Array(Anomaly) });
  return { AnomalyType, Injected, Anomaly, Cleared };
}

function anomaly({ id, machineId, type, origin, severity, startS, endS }: Incident) {
  return {
    id,
    machine_id: machineId,
    anomaly_type: type,
    origin,
    severity,
    started_at: timeText(startS * 1000),
    ends_at: timeText(endS * 1000),
  };
}

/** `/simulator/machines/{machine_id}/anomaly`: inject and clear anomalies. */
export function anomalies(app: App, { simulator, configuration }: Api): void {
  const { AnomalyType, Injected, Anomaly, Cleared } = schemas(configuration.catalogue);
  app.post(
    '/simulator/machines/:machine_id/anomaly',
    {
      schema: {
        tags: [TAGS.anomalies],
        summary: 'Inject an anomaly into a machine',
        params: MachinePath,
        body: Injected,
        response: responses(answer(Anomaly), ...COMMAND_FAILURES, 404, 409),
      },
    },
    async ({ params, body }) => {
      const machine = simulator.machine(params.machine_id);
      const { machine_id, anomaly_type } = body;
      if (machine_id !== undefined && !isCalled(machine, machine_id)) {
        const message = `${machine_id} is not the machine in the URL, ${params.machine_id}`;
        throw new HttpError(400, message, [{ path: 'machine_id', message }]);
      }
      const incident = await simulator.inject(machine, {
        anomalyType: anomaly_type,
        severity: body.severity ?? SEVERITY.default,
        durationS: body.duration_seconds ?? DURATION_S.default,
      });
      const data = anomaly(incident);
      const message = `${anomaly_type} on ${machine.name} until ${data.ends_at}`;
      return answered(message, data);
    },
  );

  app.delete(
    '/simulator/machines/:machine_id/anomaly',
    {
      schema: {
        tags: [TAGS.anomalies],
        summary: 'Clear the anomalies of a machine; succeeds if there are none',
        params: MachinePath,
        querystring: command({ anomaly_type: Type.Optional(AnomalyType) }),
        response: responses(answer(Cleared), ...COMMAND_FAILURES, 404, 409),
      },
    },
    async ({ params, query }) => {
      const machine = simulator.machine(params.machine_id);
      const ended = await simulator.clear(machine, query.anomaly_type);
      const names = ended.map(({ type }) => type).join(', ');
      const message = ended.length > 0 ? `cleared ${names}` : `${machine.name} has no anomalies`;
      return answered(message, { machine_id: machine.id, cleared: ended.map(anomaly) });
    },
  );
}
