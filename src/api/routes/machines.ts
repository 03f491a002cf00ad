import Type from 'typebox';
import { OPERATING_MODES } from '../../core/field.ts';
import type { MachineType } from '../../core/machine.ts';
import { timeText } from '../../encoding/time.ts';
import {
  MACHINES_MAX as TODAY_MACHINES_MAX,
  READINGS_MAX as TODAY_READINGS_MAX,
} from '../../service/daily-totals.ts';
import type { MachineState } from '../../service/machine-state.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { PAGE_HEADERS, pageOf, pageQuery } from '../paging.ts';
import {
  AMBIGUOUS,
  AMBIGUOUS_FACTORY,
  described,
  failures,
  invalid,
  NO_FACTORY,
  NO_MACHINE,
  responses,
  UNKNOWN_NAME,
} from '../responses.ts';
import {
  command,
  FactoryId,
  FactoryName,
  flag,
  integer,
  list,
  MachineId,
  MachinePath,
  named,
  number,
  numberOrNull,
  oneOf,
  text,
  textOrNull,
} from '../schemas.ts';

/** Machines per page: default, and maximum of about 5 MB. */
const PAGE_MACHINES = 1000;
const PAGE_MACHINES_MAX = 10_000;

const Machine = named('Machine', 'A machine and its state.', {
  machine_id: MachineId,
  machine_name: text('Name of the machine.', 'Compressor-1'),
  machine_type: text('Type of the machine, see `/simulator/info`.', 'compressor'),
  factory_id: FactoryId,
  mqtt_topic: text('First levels of the topics of its messages.', 'factory/demo/compressor-1'),
  rated_power_kw: number('Rated electrical power [kW].', 55),
  data_interval_seconds: number('Interval between two readings [s].', 1),
  is_running: flag('Whether it is started; false after a stop command.'),
  operating_mode: oneOf('What it does at the moment.', OPERATING_MODES),
  current_power_kw: number('Power in the last reading [kW].', 52.8),
  alerts: list(
    'Active alerts.',
    Type.Object({
      code: text('Code of the alert.', 'HIGH_OIL_TEMP'),
      level: oneOf('How serious it is.', ['warning', 'critical']),
      message: text('The alert for people.', 'Oil temperature high'),
    }),
  ),
  readings_generated: integer('Readings since the service started.', 4560),
  last_reading_time: textOrNull(
    'Time of the last reading; null if there is none yet.',
    '2026-01-05T06:00:00Z',
  ),
  anomaly_active: flag('Whether an anomaly is active.'),
  anomaly_type: textOrNull('Type of the latest active anomaly; null if there is none.', 'leak'),
  anomaly_ends_at: textOrNull(
    'When the latest active anomaly ends; null if there is none.',
    '2026-01-05T06:10:00Z',
  ),
  anomaly_severity: numberOrNull('Strength of the latest active anomaly; null if none is.', 3),
  total_energy_kwh: number('Energy since the service started; all carriers [kWh].', 71.2),
  total_production_count: integer('Units produced since the service started.', 210),
  energy_today_kwh: number('Energy in the readings after `today_from`; all carriers [kWh].', 412.6),
  production_today_count: integer('Units produced in the readings after `today_from`.', 1860),
  today_from: textOrNull(
    'Start of today’s totals: the last midnight in the factory’s time zone. It is later, when ' +
      'the machine was first seen, shortly after a start, for machines added today, and, until ' +
      `the next midnight, if more than ${TODAY_MACHINES_MAX} machines or ${TODAY_READINGS_MAX} ` +
      'readings since midnight would have to be computed.',
    '2026-01-05T00:00:00Z',
  ),
});

const filterOf = (catalogue: readonly MachineType[]) =>
  command({
    factory_id: Type.Optional(FactoryName),
    type: Type.Optional(
      oneOf(
        'Only machines of this type.',
        catalogue.map(({ type }) => type),
      ),
    ),
    running: Type.Optional(flag('Only machines that are started, or only stopped ones.')),
    ...pageQuery(PAGE_MACHINES, PAGE_MACHINES_MAX),
  });

/** A machine, as the API shows it. */
function shown({ machine, incidents, ...state }: MachineState, textOf: typeof timeText = timeText) {
  const incident = incidents.at(-1);
  return {
    machine_id: machine.id,
    machine_name: machine.name,
    machine_type: machine.type.type,
    factory_id: machine.factoryId,
    mqtt_topic: machine.topic,
    rated_power_kw: machine.parameters['ratedPowerKw'] as number,
    data_interval_seconds: machine.intervalMs / 1000,
    is_running: state.isRunning,
    operating_mode: state.operatingMode,
    current_power_kw: state.powerKw,
    alerts: [...state.alerts],
    readings_generated: state.readings,
    last_reading_time: Number.isNaN(state.readingMs)
      ? null
      : textOf(state.readingMs, machine.intervalMs),
    anomaly_active: incident !== undefined,
    anomaly_type: incident?.type ?? null,
    anomaly_ends_at: incident ? timeText(incident.endS * 1000) : null,
    anomaly_severity: incident?.severity ?? null,
    total_energy_kwh: roundedKwh(state.energyKwh),
    total_production_count: state.productionCount,
    energy_today_kwh: roundedKwh(state.today.energyKwh),
    production_today_count: state.today.productionCount,
    today_from: Number.isNaN(state.today.fromMs) ? null : textOf(state.today.fromMs),
  };
}

/** Rounds to the milliwatt-hour, the resolution of readings. */
function roundedKwh(energyKwh: number): number {
  return Math.round(energyKwh * 1e6) / 1e6;
}

/** Formats times, caching those that thousands of machines share. */
function timeTexts(): typeof timeText {
  const known = new Map<number, string>();
  return (timeMs, intervalMs = 1000) => {
    if (intervalMs % 1000 !== 0) return timeText(timeMs, intervalMs);
    const text = known.get(timeMs) ?? timeText(timeMs);
    known.set(timeMs, text);
    return text;
  };
}

/** `/simulator/machines`: the machines and their state. */
export function machines(app: App, { simulator, configuration }: Api): void {
  app.get(
    '/simulator/machines',
    {
      schema: {
        tags: [TAGS.machines],
        operationId: 'listMachines',
        summary: 'The machines and their state',
        description: 'In the order of the registry, page by page.',
        querystring: filterOf(configuration.catalogue),
        response: {
          200: described('The machines on this page.', Type.Array(Machine), PAGE_HEADERS),
          ...failures(
            NO_FACTORY,
            AMBIGUOUS_FACTORY,
            invalid('limit', `0 is not accepted; a whole number from 1 to ${PAGE_MACHINES_MAX}`),
          ),
        },
      },
    },
    ({ query }, reply) => {
      const { type, running } = query;
      const factoryId = query.factory_id && simulator.factory(query.factory_id).id;
      const found = simulator.fleet.machines.filter(
        (machine) =>
          (factoryId === undefined || machine.factoryId === factoryId) &&
          (type === undefined || machine.type.type === type) &&
          (running === undefined || simulator.isRunning(machine) === running),
      );
      const page = pageOf(reply, query, found, PAGE_MACHINES);
      const textOf = timeTexts();
      return page.map((machine) => shown(simulator.state(machine), textOf));
    },
  );

  app.get(
    '/simulator/machines/:machine_id',
    {
      schema: {
        tags: [TAGS.machines],
        operationId: 'getMachine',
        summary: 'One machine and its state',
        description: 'By its id, or by its name if that is unique.',
        params: MachinePath,
        response: responses('The machine.', Machine, NO_MACHINE, AMBIGUOUS, UNKNOWN_NAME),
      },
    },
    ({ params }) => shown(simulator.state(simulator.machine(params.machine_id))),
  );
}
