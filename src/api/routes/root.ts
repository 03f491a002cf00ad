import Type from 'typebox';
import { version } from '../../runtime/version.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { responses, Time } from '../schemas.ts';
import { sendDashboard } from './dashboard.ts';

const Service = Type.Object({
  service: Type.Literal('enms-simulator'),
  version: Type.String({ examples: ['1.0.0'] }),
  description: Type.String(),
  timestamp: Time,
  links: Type.Record(Type.String(), Type.String(), {
    examples: [{ documentation: './docs', machines: '/simulator/machines' }],
  }),
});

/** `GET /`: the service and its links; the dashboard for browsers. */
export function root(app: App, { simulator }: Api): void {
  app.get(
    '/',
    {
      schema: {
        tags: [TAGS.service],
        summary: 'The service and its links',
        response: responses(Service),
      },
    },
    async (request, reply) => {
      if (sendDashboard(request, reply)) return reply as never;
      return {
        service: 'enms-simulator' as const,
        version,
        description: 'A factory that behaves like one',
        timestamp: new Date(simulator.clock.nowMs()).toISOString(),
        links: {
          documentation: './docs',
          reference: './redoc',
          openapi: './openapi.json',
          health: './health',
          metrics: './metrics',
          status: './simulator/status',
          machines: './simulator/machines',
          factories: './simulator/factories',
          machine_types: './simulator/info',
          stream: './simulator/stream',
        },
      };
    },
  );
}
