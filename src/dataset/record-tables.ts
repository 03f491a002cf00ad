import { wireName } from '../core/field.ts';
import { timeText } from '../encoding/time.ts';
import type { AnswerKey, KeyScope } from './answer-key.ts';
import type { RecordTable } from './formats/format.ts';
import { factoryTopic, type Plan } from './plan.ts';
import type { DatasetRequest } from './request.ts';
import type { Truth } from './truth.ts';

/** A column of a small table, and its value in the row of an entry. */
export type Column<Entry> = readonly [
  name: string,
  kind: RecordTable['columns'][number]['kind'],
  value: (entry: Entry) => string | number | null,
];

/** A table with a row for each entry. */
export function table<Entry>(
  name: string,
  entries: readonly Entry[],
  columns: readonly Column<Entry>[],
): RecordTable {
  return {
    name,
    columns: columns.map(([name, kind]) => ({ name, kind })),
    rows: entries.map((entry) => columns.map(([, , value]) => value(entry))),
  };
}

/** What else is said of anomalies where scenarios are told. */
const STORY_COLUMNS: readonly Column<Truth>[] = [
  ['scenario', 'text', ({ story }) => story?.scenario ?? null],
  ['event', 'text', ({ story }) => story?.event ?? null],
  ['ramp_s', 'number', ({ growth }) => growth?.rampS ?? null],
  [
    'first_noticeable_at',
    'time',
    ({ excess }) => {
      const endS = excess?.firstNoticeableS ?? null;
      return endS === null ? null : timeText(1000 * endS);
    },
  ],
];

/** The machines of a dataset as a table. */
export function machinesTable({ resampleMs }: DatasetRequest, { machines }: Plan): RecordTable {
  return table('machines', machines, [
    ['machine_id', 'text', ({ id }) => id],
    ['name', 'text', ({ name }) => name],
    ['type', 'text', ({ type }) => type.type],
    ['factory_id', 'text', ({ factoryId }) => factoryId],
    ['factory', 'text', factoryTopic],
    ['mqtt_topic', 'text', ({ topic }) => topic],
    ['rated_power_kw', 'number', ({ parameters }) => parameters['ratedPowerKw'] as number],
    ['data_interval_seconds', 'number', ({ intervalMs }) => (resampleMs ?? intervalMs) / 1000],
  ]);
}

/** The factories that the machines of a dataset belong to, as a table. */
export function factoriesTable({ factories }: DatasetRequest, { machines }: Plan): RecordTable {
  const used = new Set(machines.map(({ factoryId }) => factoryId));
  const own = factories.filter(({ id }) => used.has(id));
  return table('factories', own, [
    ['factory_id', 'text', ({ id }) => id],
    ['name', 'text', ({ name }) => name],
    ['location', 'text', ({ location }) => location ?? null],
    ['time_zone', 'text', ({ timeZone }) => timeZone],
    ['latitude', 'number', ({ latitude }) => latitude],
    ['longitude', 'number', ({ longitude }) => longitude],
    ['nominal_voltage_v', 'number', ({ nominalVoltageV }) => nominalVoltageV],
    ['nominal_frequency_hz', 'number', ({ nominalFrequencyHz }) => nominalFrequencyHz],
  ]);
}

/** Entries of machines, in the order of the machines. */
export function inOrder<Entry>(
  entries: readonly Entry[],
  { machines }: Plan,
  machineIdOf: (entry: Entry) => string,
): readonly Entry[] {
  const place = new Map(machines.map(({ id }, i) => [id, i]));
  const placeOf = (entry: Entry) => place.get(machineIdOf(entry)) ?? machines.length;
  return entries.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** The anomalies as a table, oldest first. */
export function anomaliesTable(
  { fleet }: Plan,
  { anomalies }: AnswerKey,
  { ofStories, isDetailed }: KeyScope,
): RecordTable {
  const ordered = anomalies.toSorted((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
  const faultOf = ({ machineId, type }: Truth) => fleet.byId.get(machineId)?.type.faults[type];
  return table('anomalies', ordered, [
    ['id', 'text', ({ id }) => id],
    ['machine_id', 'text', ({ machineId }) => machineId],
    ['anomaly_type', 'text', ({ type }) => type],
    ['origin', 'text', ({ origin }) => origin],
    ['severity', 'number', ({ severity }) => severity],
    ['onset', 'text', (truth) => faultOf(truth)?.onset ?? null],
    ['started_at', 'time', ({ startS }) => timeText(1000 * startS)],
    ['ended_at', 'time', ({ endS }) => timeText(1000 * endS)],
    ['cleared_by', 'text', ({ clearedBy }) => clearedBy],
    [
      'affected_signals',
      'text',
      (truth) => (faultOf(truth)?.signals ?? []).map(wireName).join(';'),
    ],
    ['excess_energy_kwh', 'number', ({ excessEnergyKwh }) => excessEnergyKwh],
    ['lost_production_units', 'whole', ({ lostProductionUnits }) => lostProductionUnits],
    ['is_final', 'whole', ({ isFinal }) => (isFinal ? 1 : 0)],
    ...(ofStories || isDetailed ? STORY_COLUMNS : []),
  ]);
}
