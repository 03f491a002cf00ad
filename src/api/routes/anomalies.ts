import Type from 'typebox';
import { DURATION_S, type Incident, SEVERITY } from '../../core/anomaly.ts';
import type { MachineType } from '../../core/machine.ts';
import { isCalled } from '../../core/machine-finder.ts';
import { timeText } from '../../encoding/time.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import {
  AMBIGUOUS,
  COMMAND_FAILURES,
  conflict,
  invalid,
  NO_MACHINE,
  responses,
  UNKNOWN_NAME,
} from '../responses.ts';
import {
  answer,
  answered,
  command,
  list,
  MachineId,
  MachineName,
  MachinePath,
  named,
  number,
  Origin,
  text,
  time,
} from '../schemas.ts';

/** Longest name of an anomaly; the valid names depend on the machine. */
const NAME_MAX = 64;

/** Schemas for the anomalies of the known machine types. */
function schemas(catalogue: readonly MachineType[]) {
  const AnomalyType = Type.String({
    minLength: 1,
    maxLength: NAME_MAX,
    description: `Type of the anomaly. ${catalogue
      .filter(({ faultTypes }) => faultTypes.length > 0)
      .map((type) => `${type.type}: ${type.faultTypes.join(', ')}`)
      .join('; ')}.`,
    examples: ['leak'],
  });

  const Injected = command(
    {
      anomaly_type: AnomalyType,
      severity: Type.Optional(
        Type.Number({
          minimum: SEVERITY.min,
          maximum: SEVERITY.max,
          description: `Strength of the anomaly; default: ${SEVERITY.default}.`,
        }),
      ),
      duration_seconds: Type.Optional(
        Type.Integer({
          minimum: DURATION_S.min,
          maximum: DURATION_S.max,
          description: `Simulated seconds until it ends; default: ${DURATION_S.default}.`,
        }),
      ),
      machine_id: Type.Optional(MachineName),
    },
    {
      description: 'The anomaly to inject.',
      examples: [{ anomaly_type: 'leak', duration_seconds: 600, severity: 3 }],
    },
  );

  const Anomaly = named('Anomaly', 'An anomaly of a machine.', {
    id: text('Id of the anomaly.', '035a4032-45bc-45cb-9aaf-c46787aeefa9'),
    machine_id: MachineId,
    anomaly_type: AnomalyType,
    origin: Origin,
    severity: number('Strength of the anomaly.', 3),
    started_at: time('When it started.'),
    ends_at: time('When it ends.', '2026-01-05T06:10:00Z'),
  });

  const Cleared = Type.Object(
    { machine_id: MachineId, cleared: list('The anomalies that were cleared.', Anomaly) },
    { description: 'What was cleared.' },
  );
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
        operationId: 'injectAnomaly',
        summary: 'Inject an anomaly into a machine',
        description: 'It starts at the next simulated second and ends by itself.',
        params: MachinePath,
        body: Injected,
        response: responses(
          'The anomaly has been injected.',
          answer('leak on Compressor-1 until 2026-01-05T06:10:00Z', Anomaly),
          ...COMMAND_FAILURES,
          NO_MACHINE,
          conflict(
            'The machine is stopped, or several machines have this name.',
            'Compressor-1 is stopped; start it first',
          ),
          invalid(
            'severity',
            `9 is not accepted; a number from ${SEVERITY.min} to ${SEVERITY.max}`,
          ),
        ),
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
        operationId: 'clearAnomalies',
        summary: 'Clear the anomalies of a machine',
        description: 'Without `anomaly_type`, all of them. It succeeds if there are none.',
        params: MachinePath,
        querystring: command({ anomaly_type: Type.Optional(AnomalyType) }),
        response: responses(
          'The anomalies have been cleared.',
          answer('cleared leak', Cleared),
          ...COMMAND_FAILURES,
          NO_MACHINE,
          AMBIGUOUS,
          UNKNOWN_NAME,
        ),
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
