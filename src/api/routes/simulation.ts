import Type, { type Static } from 'typebox';
import { secondText, timeText } from '../../encoding/time.ts';
import type { Simulator } from '../../service/simulator.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { AMBIGUOUS, COMMAND_FAILURES, invalid, responses, unknown } from '../responses.ts';
import {
  answer,
  answered,
  command,
  FactoryName,
  flag,
  integer,
  list,
  MachineName,
  named,
  number,
  oneOf,
  text,
  textOrNull,
  time,
} from '../schemas.ts';
import { RunTimeSettings, shownSettings } from './config.ts';

/** Ids per command: more than any fleet has machines. */
const IDS_MAX = 100_000;

const Selected = command(
  {
    machine_ids: Type.Optional(
      Type.Array(MachineName, {
        minItems: 1,
        maxItems: IDS_MAX,
        description: 'Ids or names of machines.',
      }),
    ),
    factory_ids: Type.Optional(
      Type.Array(FactoryName, {
        minItems: 1,
        maxItems: IDS_MAX,
        description: 'Ids or names of factories; all of their machines.',
      }),
    ),
  },
  {
    description: 'Machines, or all machines of factories. Without both keys, all machines.',
    examples: [{ machine_ids: ['c0000000-0000-0000-0000-000000000002'] }],
  },
);

const Counts = Type.Object(
  {
    running_machines: integer('Number of machines that run now.', 5),
    total_machines: integer('Number of all machines.', 5),
  },
  { description: 'The machines after the command.' },
);

/** Most refused topics listed per sink. */
const REFUSED_SHOWN = 100;

const Output = Type.Object({
  name: text('Name of the sink.', 'mqtt'),
  state: oneOf(
    'Stalled: readings are due, but the sink accepts none. Down: the last write failed and is ' +
      'retried.',
    ['starting', 'live', 'catching-up', 'stalled', 'down'],
  ),
  connected: flag('Whether the sink is connected.'),
  lag_seconds: number(
    'Lag in simulated time [s]; negative while the output has readings later than the clock, ' +
      'after the clock was set back.',
    0.4,
  ),
  last_error: textOrNull('The last error, even if it is resolved; null if there was none.', null),
  since: textOrNull('Start of the current problem in real time; null if there is none.', null),
  refused_messages: integer('Messages that were rejected permanently and skipped.', 0),
  refused: list(
    `Refused messages by topic, at most ${REFUSED_SHOWN} topics.`,
    Type.Object({
      topic: text('Topic of the messages.', 'factory/demo/compressor-1/energy'),
      count: integer('Number of messages.', 12),
      reason: text('Why the sink rejected the last one.', 'Not authorized'),
    }),
  ),
  messages: integer('Messages delivered.', 13_680),
  reconnects: integer('Connections made after the first.', 0),
});

const Gap = Type.Object({
  sink: text('Name of the sink.', 'mqtt'),
  from: time('Start of the window.'),
  to: time('End of the window.', '2026-01-05T07:00:00Z'),
});

const Status = named('Status', 'The overall state of the simulator.', {
  status: oneOf('What the simulator does.', [
    'stopped',
    'starting',
    'running',
    'stopping',
    'error',
  ]),
  uptime_seconds: number('Real time since the start [s].', 3600),
  simulated_time: time('Simulated time.', '2026-01-05T06:00:00.000Z'),
  simulation_speed: number('Simulated seconds per real second.', 1),
  factories_count: integer('Number of factories.', 1),
  machines_count: integer('Number of machines.', 5),
  running_machines: integer('Number of machines that run.', 5),
  total_readings_generated: integer('Readings since the start.', 4560),
  mqtt_connected: flag('Whether readings reach the MQTT broker.'),
  mqtt_messages_published: integer('MQTT messages published since the start.', 13_680),
  configuration: RunTimeSettings,
  outputs: list('Every sink and its state.', Output),
  gaps: list(
    'The latest windows that sinks did not receive, because they lay farther back than CATCH_UP.',
    Gap,
  ),
});

/** Whether readings reach the broker. */
export function isMqttConnected({ sinks }: Simulator): boolean {
  return sinks.some(({ sink, isConnected }) => sink === 'mqtt' && isConnected);
}

function outputs({ sinks, problems }: Simulator): Static<typeof Output>[] {
  return sinks.map((figures) => {
    const { sink, state, isConnected, lagMs, lastError, refused, refusedTotal } = figures;
    const problem = problems.find(({ part }) => part === sink);
    return {
      name: sink,
      state,
      connected: isConnected,
      lag_seconds: lagMs / 1000,
      last_error: lastError ?? null,
      since: problem ? secondText(problem.sinceMs) : null,
      refused_messages: refusedTotal,
      refused: refused
        .slice(0, REFUSED_SHOWN)
        .map(({ topic, count, reason }) => ({ topic, count, reason })),
      messages: figures.messages,
      reconnects: figures.reconnects,
    };
  });
}

/** `/simulator/start`, `/stop` and `/status`: the factory as a whole. */
export function simulation(app: App, { simulator }: Api): void {
  const counts = () => ({
    running_machines: simulator.runningCount(),
    total_machines: simulator.fleet.machines.length,
  });

  for (const isToRun of [true, false]) {
    const name = isToRun ? 'start' : 'stop';
    app.post(
      `/simulator/${name}`,
      {
        schema: {
          tags: [TAGS.simulation],
          operationId: `${name}Machines`,
          summary: `${isToRun ? 'Start' : 'Stop'} all or some machines`,
          description: 'Without a body, all machines. It takes effect at the next second.',
          body: Selected,
          response: responses(
            'The command takes effect.',
            answer('5 of 5 machines run', Counts),
            ...COMMAND_FAILURES,
            unknown('A machine or factory does not exist.', 'unknown ids; nothing was changed'),
            AMBIGUOUS,
            invalid('machine_ids', 'a list is not accepted; a list from 1 to 100000 entries'),
          ),
        },
        preValidation: async (request) => {
          request.body ??= {};
        },
      },
      async ({ body }) => {
        const selection = { machineIds: body.machine_ids, factoryIds: body.factory_ids };
        await simulator.setRunning(isToRun, selection);
        const data = counts();
        const message = `${data.running_machines} of ${data.total_machines} machines run`;
        return answered(message, data);
      },
    );
  }

  app.get(
    '/simulator/status',
    {
      schema: {
        tags: [TAGS.simulation],
        operationId: 'getStatus',
        summary: 'The overall state of the simulator',
        description: 'Counts of machines and readings, settings, and every sink.',
        response: responses('The state.', Status),
      },
    },
    () => ({
      status: simulator.phase,
      uptime_seconds: Math.round(simulator.uptimeS),
      simulated_time: new Date(simulator.clock.nowMs()).toISOString(),
      simulation_speed: simulator.clock.speed,
      factories_count: simulator.fleet.factories.length,
      machines_count: simulator.fleet.machines.length,
      running_machines: simulator.runningCount(),
      total_readings_generated: simulator.observer.readingsTotal,
      mqtt_connected: isMqttConnected(simulator),
      mqtt_messages_published: simulator.sinks
        .filter(({ sink }) => sink === 'mqtt')
        .reduce((sum, { messages }) => sum + messages, 0),
      configuration: shownSettings(simulator),
      outputs: outputs(simulator),
      gaps: simulator.gaps.map(({ sink, fromMs, toMs }) => ({
        sink,
        from: timeText(fromMs),
        to: timeText(toMs),
      })),
    }),
  );
}
