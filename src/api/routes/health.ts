import Type from 'typebox';
import { secondText } from '../../encoding/time.ts';
import { version } from '../../runtime/version.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import { responses } from '../responses.ts';
import { flag, list, named, oneOf, text, time } from '../schemas.ts';
import { isMqttConnected } from './simulation.ts';

const Health = named('Health', 'The health of the simulator and its connections.', {
  status: oneOf('Degraded means that there is at least one problem.', ['healthy', 'degraded']),
  service: text('Name of the service.', 'enms-simulator'),
  version: text('Version of the program.', '1.0.0'),
  timestamp: text('Real time.', '2026-01-05T06:00:00.000Z'),
  simulated_time: time('Simulated time.', '2026-01-05T06:00:00.000Z'),
  mqtt_connected: flag('Whether readings reach the MQTT broker.'),
  database_connected: flag('Whether the embedded database or the database server responds.'),
  problems: list(
    'Current problems, the oldest first; empty if there are none.',
    Type.Object({
      part: text('A sink (`mqtt`, `postgres`), `store`, `journal` or `clock`.', 'mqtt'),
      reason: text('What is wrong.', 'connect ECONNREFUSED 127.0.0.1:1883'),
      since: text('Start of the problem in real time.', '2026-01-05T06:00:00Z'),
    }),
  ),
});

/** `GET /health`, and the probes for orchestrators. */
export function health(app: App, { simulator }: Api): void {
  app.get(
    '/health',
    {
      schema: {
        tags: [TAGS.service],
        operationId: 'getHealth',
        summary: 'The health of the simulator and its connections',
        description: 'It answers 200 even with problems; `status` and `problems` tell them.',
        response: responses('The health.', Health),
      },
    },
    () => {
      const { problems } = simulator;
      return {
        status: problems.length === 0 ? ('healthy' as const) : ('degraded' as const),
        service: 'enms-simulator',
        version,
        timestamp: new Date().toISOString(),
        simulated_time: new Date(simulator.clock.nowMs()).toISOString(),
        mqtt_connected: isMqttConnected(simulator),
        database_connected: simulator.isDatabaseConnected,
        problems: problems.map(({ part, reason, sinceMs }) => ({
          part,
          reason,
          since: secondText(sinceMs),
        })),
      };
    },
  );

  app.get(
    '/health/live',
    {
      schema: {
        tags: [TAGS.service],
        operationId: 'getLiveness',
        summary: 'Whether the process responds',
        description: 'A liveness probe for orchestrators.',
        response: responses(
          'The process responds.',
          Type.Object({ status: Type.Literal('alive', { description: 'Always `alive`.' }) }),
        ),
      },
    },
    () => ({ status: 'alive' as const }),
  );

  app.get(
    '/health/ready',
    {
      schema: {
        tags: [TAGS.service],
        operationId: 'getReadiness',
        summary: 'Whether the simulator accepts requests',
        description:
          'A readiness probe for orchestrators; 503 while the simulator starts or stops.',
        response: responses(
          'The simulator accepts requests.',
          Type.Object({ status: Type.Literal('ready', { description: 'Always `ready`.' }) }),
          {
            status: 503,
            description: 'The simulator starts or stops.',
            message: 'the simulator is starting',
          },
        ),
      },
    },
    () => {
      const { phase } = simulator;
      if (phase === 'running' || phase === 'stopped') return { status: 'ready' as const };
      throw new HttpError(503, `the simulator is ${phase}`);
    },
  );
}
