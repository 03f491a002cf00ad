import Type from 'typebox';
import type { Machine } from '../../core/factory.ts';
import { timeText } from '../../encoding/time.ts';
import { CommandError } from '../../service/command-error.ts';
import type { MachineState } from '../../service/machine-state.ts';
import type { Simulator } from '../../service/simulator.ts';
import { ConcurrencyLimiter } from '../concurrency-limiter.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { LiveStream, statusFrame } from '../live-stream.ts';
import { AMBIGUOUS, failures, invalid, NO_MACHINE } from '../responses.ts';
import { command } from '../schemas.ts';

/** Streams per address at once, for dashboards and scripts of a team; twice as many in total. */
const STREAMS_MAX = 100;

/** Machines per stream: with more, the initial statuses take megabytes. */
const MACHINES_MAX = 10_000;

/** The query parameters, given the names of the machine types. */
function filterOf(types: readonly string[]) {
  return command({
    machine_ids: Type.Optional(
      Type.String({
        pattern: '^[^,]+(,[^,]+)*$',
        title: 'ids of machines, or their names, separated by commas',
        description: 'Ids or names of machines, separated by commas; default: all machines.',
        examples: ['c0000000-0000-0000-0000-000000000001'],
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MACHINES_MAX,
        description: 'Most machines; the first ones in the order of the registry.',
      }),
    ),
    types: Type.Optional(
      Type.String({
        pattern: `^(${types.join('|')})(,(${types.join('|')}))*$`,
        title: `machine types separated by commas: ${types.join(', ')}`,
        description: 'Machine types, separated by commas; default: all machines.',
        examples: ['compressor'],
      }),
    ),
  });
}

/** `/simulator/stream`: readings and statuses as they happen, as Server-Sent Events. */
export function stream(app: App, { simulator, configuration }: Api): void {
  const live = new LiveStream(simulator.observer);
  const streams = new ConcurrencyLimiter(
    2 * STREAMS_MAX,
    (count) => `${count} streams are open; close one or try again later`,
  );
  app.addHook('preClose', async () => live.close());
  app.get(
    '/simulator/stream',
    {
      exposeHeadRoute: false,
      schema: {
        tags: [TAGS.simulation],
        operationId: 'streamEvents',
        summary: 'Readings and statuses as they happen, as Server-Sent Events',
        description:
          'A `status` event for each machine, then `reading` and `status` events as they occur, ' +
          'for all machines or those of `machine_ids` and `types`. One stream has up to ' +
          `${MACHINES_MAX} machines; with more, use \`limit\`. A client that is too slow is ` +
          `disconnected and may reconnect; at most ${STREAMS_MAX} streams per address.`,
        querystring: filterOf(configuration.catalogue.map(({ type }) => type)),
        response: {
          200: {
            description: 'Events whose data is JSON, until the client disconnects.',
            content: {
              'text/event-stream': {
                schema: Type.String({ examples: ['event: reading\ndata: {"time":…}\n\n'] }),
              },
            },
          },
          ...failures(
            NO_MACHINE,
            AMBIGUOUS,
            invalid('limit', `0 is not accepted; a whole number from 1 to ${MACHINES_MAX}`),
          ),
        },
      },
    },
    (request, reply) => {
      const wants = wanted(simulator, request.query);
      streams.acquire(request, reply);
      const headers = { ...reply.getHeaders() };
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(headers as Record<string, string>),
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      for (const machine of simulator.fleet.machines)
        if (wants(machine)) raw.write(statusFrame(status(simulator.state(machine))));
      live.add(raw, wants);
    },
  );
}

/** A filter for the requested machines, including machines that are added later. */
function wanted(
  simulator: Simulator,
  query: { machine_ids?: string; types?: string; limit?: number },
): (machine: Machine) => boolean {
  const { machine_ids, types, limit } = query;
  const wants = chosen(simulator, machine_ids, types);
  const { machines } = simulator.fleet;
  if (machines.length <= (limit ?? MACHINES_MAX)) return wants;
  const found = machines.filter(wants);
  if (found.length <= (limit ?? MACHINES_MAX)) return wants;
  if (limit !== undefined) {
    const first = new Set(found.slice(0, limit).map(({ id }) => id));
    return ({ id }) => first.has(id);
  }
  throw new CommandError('invalid', `a stream of more than ${MACHINES_MAX} machines`, [
    { path: 'limit', message: `give one up to ${MACHINES_MAX}, or machine_ids, or types` },
  ]);
}

/** The machines selected by ids and types; all, without both. */
function chosen(
  simulator: Simulator,
  machine_ids: string | undefined,
  types: string | undefined,
): (machine: Machine) => boolean {
  if (machine_ids === undefined && types === undefined) return () => true;
  const ids = new Set(machine_ids?.split(',').map((each) => simulator.machine(each.trim()).id));
  const named = new Set(types?.split(','));
  const wants = ({ id, type }: Machine) => ids.has(id) || named.has(type.type);
  if (!simulator.fleet.machines.some(wants))
    throw new CommandError('unknown', `no machine is of type ${types}`);
  return wants;
}

/** The current status of a machine, in the form of the MQTT message. */
function status({ machine, readingMs, ...state }: MachineState): string {
  const time = Number.isNaN(readingMs) ? null : timeText(readingMs, machine.intervalMs);
  return JSON.stringify({
    time,
    timestamp: time,
    machine_id: machine.id,
    is_running: state.isRunning,
    operating_mode: state.operatingMode,
    current_power_kw: state.powerKw,
    alerts: state.alerts,
  });
}
