import type { MachineDescription } from '../core/factory.ts';
import type { RecordTable } from './formats/format.ts';
import { factoryTopic, type Plan } from './plan.ts';
import type { DatasetRequest } from './request.ts';

/** The machines of a dataset as a table. */
export function machinesTable({ resampleMs }: DatasetRequest, { machines }: Plan): RecordTable {
  return {
    name: 'machines',
    columns: [
      { name: 'machine_id', kind: 'text' },
      { name: 'name', kind: 'text' },
      { name: 'type', kind: 'text' },
      { name: 'factory_id', kind: 'text' },
      { name: 'factory', kind: 'text' },
      { name: 'mqtt_topic', kind: 'text' },
      { name: 'rated_power_kw', kind: 'number' },
      { name: 'data_interval_seconds', kind: 'number' },
    ],
    rows: machines.map((machine) => [
      machine.id,
      machine.name,
      machine.type.type,
      machine.factoryId,
      factoryTopic(machine),
      machine.topic,
      machine.parameters['ratedPowerKw'] as MachineDescription['ratedPowerKw'],
      (resampleMs ?? machine.intervalMs) / 1000,
    ]),
  };
}

/** The factories that the machines of a dataset belong to, as a table. */
export function factoriesTable({ factories }: DatasetRequest, { machines }: Plan): RecordTable {
  const used = new Set(machines.map(({ factoryId }) => factoryId));
  return {
    name: 'factories',
    columns: [
      { name: 'factory_id', kind: 'text' },
      { name: 'name', kind: 'text' },
      { name: 'location', kind: 'text' },
      { name: 'time_zone', kind: 'text' },
      { name: 'latitude', kind: 'number' },
      { name: 'longitude', kind: 'number' },
      { name: 'nominal_voltage_v', kind: 'number' },
      { name: 'nominal_frequency_hz', kind: 'number' },
    ],
    rows: factories
      .filter(({ id }) => used.has(id))
      .map((factory) => [
        factory.id,
        factory.name,
        factory.location ?? null,
        factory.timeZone,
        factory.latitude,
        factory.longitude,
        factory.nominalVoltageV,
        factory.nominalFrequencyHz,
      ]),
  };
}
