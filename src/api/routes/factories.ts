import Type from 'typebox';
import type { FactoryDescription, Machine } from '../../core/factory.ts';
import type { Simulator } from '../../service/simulator.ts';
import { minuteText } from '../../site/calendar.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { FactoryId, responses, textOrNull } from '../schemas.ts';

const Factory = Type.Object({
  factory_id: FactoryId,
  factory_name: Type.String({ examples: ['Demo Manufacturing Plant'] }),
  location: textOrNull(),
  timezone: Type.String({ examples: ['UTC'] }),
  latitude: Type.Number({ examples: [50] }),
  longitude: Type.Number({ examples: [0] }),
  nominal_voltage_v: Type.Number({ examples: [400] }),
  nominal_frequency_hz: Type.Number({ examples: [50] }),
  climate: Type.Object({
    base_temp_c: Type.Number(),
    summer_offset_k: Type.Number(),
    winter_offset_k: Type.Number(),
  }),
  shifts: Type.Array(
    Type.Object({
      start: Type.String({ examples: ['06:00'] }),
      end: Type.String({ examples: ['14:00'] }),
      load_share: Type.Number({ examples: [1] }),
    }),
  ),
  machines_count: Type.Integer({ examples: [5] }),
  running_machines: Type.Integer({ examples: [5] }),
});

const FactoryPath = Type.Object({ factory_id: FactoryId });

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
        summary: 'The factories, in the order of the registry',
        response: responses(Type.Array(Factory)),
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
        summary: 'One factory',
        params: FactoryPath,
        response: responses(Factory, 404, 422),
      },
    },
    ({ params }) => {
      const factory = simulator.factory(params.factory_id);
      return shown(simulator, factory, machinesByFactory(simulator).get(factory.id));
    },
  );
}
