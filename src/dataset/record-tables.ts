import type { MachineDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { timeText } from '../encoding/time.ts';
import type { RecordTable } from './formats/format.ts';
import { factoryTopic, type Plan } from './plan.ts';
import type { DatasetRequest } from './request.ts';
import type { Truth } from './truth.ts';

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

/** The answer key as a table, oldest first. */
export function anomaliesTable({ fleet }: Plan, truths: readonly Truth[]): RecordTable {
  const ordered = truths.toSorted((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
  return {
    name: 'anomalies',
    columns: [
      { name: 'id', kind: 'text' },
      { name: 'machine_id', kind: 'text' },
      { name: 'anomaly_type', kind: 'text' },
      { name: 'origin', kind: 'text' },
      { name: 'severity', kind: 'number' },
      { name: 'onset', kind: 'text' },
      { name: 'started_at', kind: 'time' },
      { name: 'ended_at', kind: 'time' },
      { name: 'cleared_by', kind: 'text' },
      { name: 'affected_signals', kind: 'text' },
      { name: 'excess_energy_kwh', kind: 'number' },
      { name: 'lost_production_units', kind: 'whole' },
      { name: 'is_final', kind: 'whole' },
    ],
    rows: ordered.map((truth) => {
      const fault = fleet.byId.get(truth.machineId)?.type.faults[truth.type];
      return [
        truth.id,
        truth.machineId,
        truth.type,
        truth.origin,
        truth.severity,
        fault?.onset ?? null,
        timeText(1000 * truth.startS),
        timeText(1000 * truth.endS),
        truth.clearedBy,
        (fault?.signals ?? []).map(wireName).join(';'),
        truth.excessEnergyKwh,
        truth.lostProductionUnits,
        truth.isFinal ? 1 : 0,
      ];
    }),
  };
}
