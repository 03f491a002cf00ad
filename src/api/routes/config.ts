import Type from 'typebox';
import { isRevealing, SPEED_MAX } from '../../config/variables.ts';
import type { Settings } from '../../core/journal.ts';
import type { Simulator } from '../../service/simulator.ts';
import { configuredSpeed } from '../../service/state.ts';
import { callerOf, refusalOf } from '../access.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { COMMAND_FAILURES, invalid, responses } from '../responses.ts';
import { answer, answered, command, flag, named, numberOrNull, text } from '../schemas.ts';

const settable = {
  simulation_speed: Type.Number({
    exclusiveMinimum: 0,
    maximum: SPEED_MAX,
    title: `a number above 0, up to ${SPEED_MAX}`,
    description: 'Simulated seconds per real second; simulated time does not jump.',
    examples: [1],
  }),
  enable_anomalies: flag('Whether random anomalies occur.'),
  anomaly_probability: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Chance that a machine gets an anomaly on a given day.',
    examples: [0.1],
  }),
  weekend_production_factor: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Share of full production on Saturdays, Sundays and holidays.',
    examples: [0.3],
  }),
};

const Changes = command(
  {
    simulation_speed: Type.Optional(settable.simulation_speed),
    enable_anomalies: Type.Optional(settable.enable_anomalies),
    anomaly_probability: Type.Optional(settable.anomaly_probability),
    weekend_production_factor: Type.Optional(settable.weekend_production_factor),
  },
  {
    minProperties: 1,
    description: 'The settings to change; the others stay.',
    examples: [{ anomaly_probability: 0.2 }],
  },
);

/** The current settings. */
export const RunTimeSettings = named('Settings', 'Settings that can change at run time.', {
  ...settable,
  weekend_production_factor: numberOrNull(
    'Share of full production on Saturdays, Sundays and holidays; null if it differs by factory.',
    0.3,
  ),
});

const Variable = Type.Object({
  value: Type.Unsafe<string | number | boolean | null>({
    type: ['string', 'number', 'boolean', 'null'],
    description: 'The value; null if there is none.',
    examples: [8003],
  }),
  source: text('Where the value came from.', 'default'),
});

const Configured = named('Configuration', 'The current settings, and those at the start.', {
  ...RunTimeSettings.properties,
  variables: Type.Record(Type.String(), Variable, {
    description:
      'The variables at the start, and where each value came from. Paths, hosts and names are ' +
      'shown only to clients that may change settings.',
    examples: [{ API_PORT: { value: 8003, source: 'default' } }],
  }),
});

/** The current settings, with their names in the API. */
export function shownSettings({ settings, fleet, clock }: Simulator) {
  const shares = new Set(fleet.factories.map(({ calendar }) => calendar.weekendShare));
  const [share = null] = shares.size === 1 ? shares : [];
  return {
    simulation_speed: clock.speed,
    enable_anomalies: settings.enableAnomalies,
    anomaly_probability: settings.anomalyProbability,
    weekend_production_factor: settings.weekendProductionFactor ?? share,
  };
}

/** `/simulator/config`: settings that can change while the factory runs. */
export function config(app: App, { simulator, configuration }: Api): void {
  app.get(
    '/simulator/config',
    {
      schema: {
        tags: [TAGS.settings],
        operationId: 'getConfig',
        summary: 'The current settings, and the configuration at the start',
        description: 'The settings can change at run time; the variables need a restart.',
        response: responses('The settings and variables.', Configured),
      },
    },
    ({ raw }) => {
      const isOperator = refusalOf('change', callerOf(raw), configuration) === undefined;
      const shown = Object.entries(configuration.shown)
        .filter(([name]) => isOperator || !isRevealing(name))
        .map(([name, value]) => [
          name,
          { value, source: configuration.sources[name] ?? 'default' },
        ]);
      return { ...shownSettings(simulator), variables: Object.fromEntries(shown) };
    },
  );

  app.put(
    '/simulator/config',
    {
      schema: {
        tags: [TAGS.settings],
        operationId: 'updateConfig',
        summary: 'Change settings',
        description: 'Changes take effect at the next simulated second and survive a restart.',
        body: Changes,
        response: responses(
          'The settings are in effect.',
          answer('the settings are in effect', RunTimeSettings),
          ...COMMAND_FAILURES,
          invalid('anomaly_probability', '2 is not accepted; a number from 0 to 1'),
        ),
      },
    },
    async ({ body }) => {
      const changes: Record<keyof Settings, unknown> = {
        enableAnomalies: body.enable_anomalies,
        anomalyProbability: body.anomaly_probability,
        weekendProductionFactor: body.weekend_production_factor,
      };
      const given = Object.entries(changes).filter(([, value]) => value !== undefined);
      await simulator.configure(Object.fromEntries(given));
      if (body.simulation_speed !== undefined)
        await simulator.setSpeed(body.simulation_speed, configuredSpeed(configuration));
      return answered('the settings are in effect', shownSettings(simulator));
    },
  );
}
