import Type from 'typebox';
import type { FactoryDescription, Machine } from '../../core/factory.ts';
import type { Simulator } from '../../service/simulator.ts';
import { minuteText } from '../../site/calendar.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { AMBIGUOUS_FACTORY, NO_FACTORY, responses, UNKNOWN_FACTORY } from '../responses.ts';
import {
  FactoryId,
  FactoryName,
  integer,
  list,
  named,
  number,
  text,
  textOrNull,
} from '../schemas.ts';

const Factory = named('Factory', 'A factory: a site with machines.', {
  factory_id: FactoryId,
  factory_name: text('Name of the factory.', 'Demo Manufacturing Plant'),
  location: textOrNull('Where it is; null if the registry does not say.', 'Berlin'),
  timezone: text('Time zone (IANA) of its shifts and days.', 'UTC'),
  latitude: number('Latitude, for the weather [°].', 50),
  longitude: number('Longitude, for the position of the sun [°].', 0),
  nominal_voltage_v: number('Nominal voltage between two phases [V].', 400),
  nominal_frequency_hz: number('Nominal frequency of the mains [Hz].', 50),
  climate: Type.Object(
    {
      base_temp_c: number('Mean outdoor temperature midway between the seasons [°C].', 15),
      summer_offset_k: number('How much warmer the three warm months are [K].', 15),
      winter_offset_k: number(
        'How much colder the three cold months are, as a negative number [K].',
        -10,
      ),
    },
    { description: 'Outdoor temperatures.' },
  ),
  shifts: list(
    'The shifts of a working day.',
    Type.Object({
      start: text('Start in local time.', '06:00'),
      end: text('End in local time.', '14:00'),
      load_share: number('Share of full production.', 1),
    }),
  ),
  machines_count: integer('Number of machines.', 5),
  running_machines: integer('Number of machines that run.', 5),
});

const FactoryPath = Type.Object({ factory_id: FactoryName });

function shown(
  simulator: Simulator,
  factory: FactoryDescription,
  machines: readonly Machine[] = [],
) {
  const { climate, calendar } = factory;
  return {
    factory_id: factory.id,
    factory_name: factory.name,
    location: factory.location ?? null,
    timezone: factory.timeZone,
    latitude: factory.latitude,
    longitude: factory.longitude,
    nominal_voltage_v: factory.nominalVoltageV,
    nominal_frequency_hz: factory.nominalFrequencyHz,
    climate: {
      base_temp_c: climate.baseTempC,
      summer_offset_k: climate.summerOffsetK,
      winter_offset_k: climate.winterOffsetK,
    },
    shifts: calendar.shifts.map(({ startMinute, endMinute, loadShare }) => ({
      start: minuteText(startMinute),
      end: minuteText(endMinute),
      load_share: loadShare,
    })),
    machines_count: machines.length,
    running_machines: simulator.runningCount(machines),
  };
}

/** Groups machines by factory id, in one pass. */
function machinesByFactory({ fleet }: Simulator): ReadonlyMap<string, readonly Machine[]> {
  const byFactory = new Map<string, Machine[]>();
  for (const machine of fleet.machines) {
    const machines = byFactory.get(machine.factoryId);
    if (machines) machines.push(machine);
    else byFactory.set(machine.factoryId, [machine]);
  }
  return byFactory;
}

/** `/simulator/factories`: the sites of the machines. */
export function factories(app: App, { simulator }: Api): void {
  app.get(
    '/simulator/factories',
    {
      schema: {
        tags: [TAGS.factories],
        operationId: 'listFactories',
        summary: 'The factories',
        description: 'All factories, in the order of the registry.',
        response: responses('The factories.', Type.Array(Factory)),
      },
    },
    () => {
      const machines = machinesByFactory(simulator);
      return simulator.fleet.factories.map((factory) =>
        shown(simulator, factory, machines.get(factory.id)),
      );
    },
  );

  app.get(
    '/simulator/factories/:factory_id',
    {
      schema: {
        tags: [TAGS.factories],
        operationId: 'getFactory',
        summary: 'One factory',
        description: 'Its site, its shifts and the number of its machines.',
        params: FactoryPath,
        response: responses(
          'The factory.',
          Factory,
          NO_FACTORY,
          AMBIGUOUS_FACTORY,
          UNKNOWN_FACTORY,
        ),
      },
    },
    ({ params }) => {
      const factory = simulator.factory(params.factory_id);
      return shown(simulator, factory, machinesByFactory(simulator).get(factory.id));
    },
  );
}
