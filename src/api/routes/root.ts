import Type from 'typebox';
import { version } from '../../runtime/version.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { responses } from '../responses.ts';
import { named, text, time } from '../schemas.ts';
import { sendDashboard } from './dashboard.ts';

const Service = named('Service', 'The service and its links.', {
  service: Type.Literal('enms-simulator', { description: 'Name of the service.' }),
  version: text('Version of the program.', '1.0.0'),
  description: text('What the service is.', 'A factory that behaves like one'),
  timestamp: time('Simulated time.'),
  links: Type.Record(Type.String(), Type.String(), {
    description: 'Addresses by name, relative to this one.',
    examples: [{ documentation: './docs', machines: './simulator/machines' }],
  }),
});

/** `GET /`: the service and its links; the dashboard for browsers. */
export function root(app: App, { simulator }: Api): void {
  app.get(
    '/',
    {
      schema: {
        tags: [TAGS.service],
        operationId: 'getService',
        summary: 'The service and its links',
        description: 'Clients that prefer HTML, such as browsers, get the dashboard.',
        response: responses('The service.', Service),
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
