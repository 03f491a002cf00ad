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
import { pageOf, pageQuery } from '../paging.ts';
import {
  command,
  FactoryId,
  Id,
  MachinePath,
  numberOrNull,
  oneOf,
  responses,
  textOrNull,
} from '../schemas.ts';

/** Machines per page: default, and maximum of about 5 MB. */
const PAGE_MACHINES = 1000;
const PAGE_MACHINES_MAX = 10_000;

const Machine = Type.Object({
  machine_id: Id,
  machine_name: Type.String({ examples: ['Compressor-1'] }),
  machine_type: Type.String({ examples: ['compressor'] }),
  factory_id: FactoryId,
  mqtt_topic: Type.String({ examples: ['factory/demo/compressor-1'] }),
  rated_power_kw: Type.Number({ examples: [55] }),
  data_interval_seconds: Type.Number({ examples: [1] }),
  is_running: Type.Boolean(),
  operating_mode: oneOf(OPERATING_MODES),
  current_power_kw: Type.Number({ examples: [52.8] }),
  alerts: Type.Array(
    Type.Object({
      code: Type.String(),
      level: oneOf(['warning', 'critical']),
      message: Type.String(),
    }),
  ),
  readings_generated: Type.Integer({ description: 'Since the service started.' }),
  last_reading_time: textOrNull({ examples: ['2026-10-09T12:00:00Z'] }),
  anomaly_active: Type.Boolean(),
  anomaly_type: textOrNull({ description: 'The latest active anomaly.' }),
  anomaly_ends_at: textOrNull(),
  anomaly_severity: numberOrNull(),
  total_energy_kwh: Type.Number({ description: 'Since the service started.' }),
  total_production_count: Type.Integer({ description: 'Since the service started.' }),
  energy_today_kwh: Type.Number({
    description: 'All carriers, in the readings after `today_from`.',
    examples: [412.6],
  }),
  production_today_count: Type.Integer({
    description: 'In the readings after `today_from`.',
    examples: [1860],
  }),
  today_from: textOrNull({
    description:
      'Start of today’s totals: the last midnight in the factory’s time zone. It is later, when ' +
      'the machine was first seen, shortly after a start, for machines added today, and, until ' +
      `the next midnight, if more than ${TODAY_MACHINES_MAX} machines or ${TODAY_READINGS_MAX} ` +
      'readings since midnight would have to be computed.',
    examples: ['2026-10-08T22:00:00Z'],
  }),
});

const filterOf = (catalogue: readonly MachineType[]) =>
  command({
    factory_id: Type.Optional(FactoryId),
    type: Type.Optional(oneOf(catalogue.map(({ type }) => type))),
    running: Type.Optional(Type.Boolean()),
    ...pageQuery(PAGE_MACHINES_MAX),
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
        summary: 'The machines, in the order of the registry',
        description:
          `The page size is ${PAGE_MACHINES} unless \`limit\` is given; the header ` +
          'X-Total-Count has the number of matching machines, and Link the URL of the next page.',
        querystring: filterOf(configuration.catalogue),
        response: responses(Type.Array(Machine), 404, 422),
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
        summary: 'One machine',
        params: MachinePath,
        response: responses(Machine, 404, 409, 422),
      },
    },
    ({ params }) => shown(simulator.state(simulator.machine(params.machine_id))),
  );
}
