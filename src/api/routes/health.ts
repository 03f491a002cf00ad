import Type from 'typebox';
import { secondText } from '../../encoding/time.ts';
import { version } from '../../runtime/version.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { HttpError } from '../failures.ts';
import { failures, oneOf, responses, Time } from '../schemas.ts';
import { isMqttConnected } from './simulation.ts';

const Health = Type.Object({
  status: oneOf(['healthy', 'degraded'], {
    description: 'Degraded: there is at least one problem.',
  }),
  service: Type.String({ examples: ['enms-simulator'] }),
  version: Type.String({ examples: ['1.0.0'] }),
  timestamp: Type.String({ description: 'Real time.', examples: ['2026-10-09T12:00:00.000Z'] }),
  simulated_time: Time,
  mqtt_connected: Type.Boolean(),
  database_connected: Type.Boolean({ description: 'Embedded database or server.' }),
  problems: Type.Array(
    Type.Object({
      part: Type.String({
        description: 'A sink (`mqtt`, `postgres`), `store`, `journal` or `clock`.',
        examples: ['mqtt'],
      }),
      reason: Type.String({ examples: ['connect ECONNREFUSED 127.0.0.1:1883'] }),
      since: Type.String({ description: 'Real time.', examples: ['2026-10-09T12:00:00Z'] }),
    }),
    { description: 'Current problems, the oldest first; empty if there are none.' },
  ),
});

/** `GET /health`, and the probes for orchestrators. */
export function health(app: App, { simulator }: Api): void {
  app.get(
    '/health',
    {
      schema: {
        tags: [TAGS.service],
        summary: 'The health of the simulator and its connections',
        response: responses(Health),
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
        summary: 'Whether the process responds',
        response: responses(Type.Object({ status: Type.Literal('alive') })),
      },
    },
    () => ({ status: 'alive' as const }),
  );

  app.get(
    '/health/ready',
    {
      schema: {
        tags: [TAGS.service],
        summary: 'Whether the simulator accepts requests: not while it starts or stops',
        response: {
          200: Type.Object({ status: Type.Literal('ready') }),
          ...failures(503),
        },
      },
    },
    () => {
      const { phase } = simulator;
      if (phase === 'running' || phase === 'stopped') return { status: 'ready' as const };
      throw new HttpError(503, `the simulator is ${phase}`);
    },
  );
}
