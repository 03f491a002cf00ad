/** Shared by the tests of scenarios in datasets: a plant, what is told of it, and its rows. */
import { createHash } from 'node:crypto';
import type { FactoryDescription } from '../../src/core/factory.ts';
import type { DatasetRequest } from '../../src/dataset/request.ts';
import type { StoryText } from '../../src/stories/index.ts';
import { factoryOf } from '../rows.ts';
import { csvRows, FROM_MS, requestOf } from './request.ts';

export const HOUR_MS = 3_600_000;

/** A compressor, a pump, a press and an air conditioning, and the meter of all of them. */
const some = factoryOf([
  { type: 'compressor', intervalS: 10 },
  { type: 'pump', intervalS: 30 },
  { type: 'injection_molding', intervalS: 30 },
  { type: 'hvac', intervalS: 60 },
]);
export const PLANT: FactoryDescription = {
  ...some,
  machines: [
    ...some.machines,
    {
      id: '00000000-0000-0000-0000-000000000005',
      name: 'meter-5',
      type: 'meter',
      ratedPowerKw: 630,
      intervalS: 60,
      topic: 'factory/demo/meter-5',
    },
  ],
};
export const [COMPRESSOR, PUMP, PRESS, HVAC, METER] = PLANT.machines.map(({ id }) => id) as [
  string,
  string,
  string,
  string,
  string,
];

/** Nothing but what scenarios tell. */
export const CALM = {
  enableAnomalies: false,
  anomalyProbability: 0,
  weekendProductionFactor: null,
};

/** A fault and defects of every class in the six hours after {@link FROM_MS}. */
export const EVENTS = `
  - { id: leak, at: 30m, ramp: 1h, duration: 2h, fault: { machine: compressor-1, type: leak, severity: 4 } }
  - { id: watt-hours, at: 1h, duration: 2h, defect: { machines: pump-2, fields: energy_kwh, kind: scale, unit: Wh } }
  - { id: reversed, at: 2h, duration: 2h, defect: { machines: injection_molding-3, kind: ct_reversed, phases: [L2] } }
  - { id: stuck, at: 90m, duration: 1h, defect: { machines: [pump-2, hvac-4], fields: power_kw, kind: stuck } }
  - { id: losses, at: 3h, duration: 1h, defect: { machines: pump-2, channels: energy, kind: gap, share: 0.3 } }
  - { id: twice, at: 3h, duration: 1h, defect: { machines: compressor-1, channels: energy, kind: duplicate, share: 0.2, delay: 45 } }
  - { id: outage, at: 4h, duration: 20m, defect: { machines: hvac-4, kind: outage } }
  - { id: clock, at: 4h, duration: 1h, defect: { machines: compressor-1, kind: clock_offset, by: 1800 } }
  - { id: spikes, at: 1h, defect: { machines: hvac-4, fields: current_a, kind: spikes, share: 0.1 } }
`;

/** A scenario of the plant; relative times begin at {@link FROM_MS}. */
export function storyText(events = EVENTS, head = 'name: tale'): StoryText {
  const text = `${head}\nevents:${events}`;
  const digest = createHash('sha256').update(text).digest('hex');
  return { text, file: 'tale.yaml', digest, startS: FROM_MS / 1000 };
}

/** A request for some hours of the plant in which a scenario is told. */
export function toldRequest(
  changes: Partial<DatasetRequest> = {},
  hours = 6,
  plant = PLANT,
): DatasetRequest {
  const told = { stories: [storyText()], settings: CALM, hasLabels: true };
  return requestOf({ ...told, ...changes }, hours, plant);
}

export type Row = Record<string, string>;

/** The rows of one machine in a table of the day on which {@link FROM_MS} lies. */
export function rowsOf(folder: string, table: string, machineId: string): Row[] {
  return csvRows(folder, table, 'factory=demo', '2026-01-14.csv').filter(
    (row) => row['machine_id'] === machineId,
  );
}

/** Energy in whole milliwatt-hours. */
export function mwhOf(kwh: string | number | undefined): number {
  return Math.round(1e6 * Number(kwh));
}
