import Type, { type Static } from 'typebox';
import { secondText, timeText } from '../../encoding/time.ts';
import type { Simulator } from '../../service/simulator.ts';
import { type Api, type App, TAGS } from '../context.ts';
import {
  answer,
  answered,
  COMMAND_FAILURES,
  command,
  FactoryId,
  MachineName,
  oneOf,
  responses,
  Time,
  textOrNull,
} from '../schemas.ts';
import { RunTimeSettings, shownSettings } from './config.ts';

/** Ids per command: more than any fleet has machines. */
const IDS_MAX = 100_000;

const Selected = command(
  {
    machine_ids: Type.Optional(Type.Array(MachineName, { minItems: 1, maxItems: IDS_MAX })),
    factory_ids: Type.Optional(Type.Array(FactoryId, { minItems: 1, maxItems: IDS_MAX })),
  },
  {
    description: 'Machines by id or by factory; without both, all machines.',
    examples: [{}, { machine_ids: ['c0000000-0000-0000-0000-000000000001'] }],
  },
);

const Counts = Type.Object({
  running_machines: Type.Integer({ examples: [5] }),
  total_machines: Type.Integer({ examples: [5] }),
});

/** Most refused topics listed per sink. */
const REFUSED_SHOWN = 100;

const Output = Type.Object({
  name: Type.String({ description: 'The sink.', examples: ['mqtt'] }),
  state: oneOf(['starting', 'live', 'catching-up', 'stalled', 'down'], {
    description:
      'Stalled: readings are due, but the sink accepts none. Down: the last write failed and is ' +
      'retried.',
  }),
  connected: Type.Boolean(),
  lag_seconds: Type.Number({
    description:
      'Lag in simulated time; negative while the output has readings later than the clock, after ' +
      'the clock was set back.',
    examples: [0.4],
  }),
  last_error: textOrNull({ description: 'The last error, even if it is resolved.' }),
  since: textOrNull({
    description: 'Start of the current problem in real time; null if there is none.',
  }),
  refused_messages: Type.Integer({
    description: 'Messages that were rejected permanently and skipped.',
    examples: [0],
  }),
  refused: Type.Array(
    Type.Object({ topic: Type.String(), count: Type.Integer(), reason: Type.String() }),
    { description: `Refused messages by topic, at most ${REFUSED_SHOWN} topics.` },
  ),
  messages: Type.Integer({ examples: [13_680] }),
  reconnects: Type.Integer({ examples: [0] }),
});

const Status = Type.Object({
  status: oneOf(['stopped', 'starting', 'running', 'stopping', 'error']),
  uptime_seconds: Type.Number({ examples: [3600] }),
  simulated_time: Time,
  simulation_speed: Type.Number({ examples: [1] }),
  factories_count: Type.Integer({ examples: [1] }),
  machines_count: Type.Integer({ examples: [5] }),
  running_machines: Type.Integer({ examples: [5] }),
  total_readings_generated: Type.Integer({ examples: [4560] }),
  mqtt_connected: Type.Boolean(),
  mqtt_messages_published: Type.Integer({ examples: [13_680] }),
  configuration: RunTimeSettings,
  outputs: Type.Array(Output, { description: 'Every sink and its state.' }),
  gaps: Type.Array(Type.Object({ sink: Type.String(), from: Time, to: Time }), {
    description:
      'The latest windows that sinks did not receive, because they lay farther back than CATCH_UP.',
  }),
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
          summary: `${isToRun ? 'Start' : 'Stop'} all or some machines`,
          body: Selected,
          response: responses(answer(Counts), ...COMMAND_FAILURES, 404, 409),
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
        summary: 'The overall state of the simulator',
        response: responses(Status),
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
