import { occurrenceId } from '../core/occurrence.ts';
import { timeText } from '../encoding/time.ts';
import { valuesOf } from '../stories/index.ts';
import type { AnswerKey } from './answer-key.ts';
import type { DefectTruth } from './defect-truth.ts';
import type { RecordTable } from './formats/format.ts';
import { periodTexts } from './manifest.ts';
import type { Plan } from './plan.ts';
import { inOrder, table } from './record-tables.ts';
import { storiesOf, type WindowRequest } from './request.ts';
import { changesIn, doInteract, type WindowChange } from './savings.ts';
import { firstStep } from './true-energy.ts';

const MWH_PER_KWH = 1e6;
const HOUR_MS = 3_600_000;

const secondText = (tS: number | null) => (tS === null ? null : timeText(1000 * tS));

/** The instrument defects that act in a window, one row a machine and occurrence, oldest first. */
export function defectsTable({ defects }: AnswerKey): RecordTable {
  const ordered = defects.toSorted((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
  const list = (names: readonly string[]) => (names.length === 0 ? null : names.join(';'));
  return table<DefectTruth>('defects', ordered, [
    ['id', 'text', ({ id }) => id],
    ['scenario', 'text', ({ scenario }) => scenario],
    ['event', 'text', ({ event }) => event],
    ['machine_id', 'text', ({ machineId }) => machineId],
    ['channel', 'text', ({ channels }) => list(channels)],
    ['fields', 'text', ({ fields }) => list(fields)],
    ['class', 'text', (each) => each.class],
    ['kind', 'text', ({ kind }) => kind],
    ['parameters', 'text', ({ parameters }) => JSON.stringify(parameters)],
    ['started_at', 'time', ({ startS }) => secondText(startS)],
    ['ended_at', 'time', ({ endS }) => secondText(endS)],
    ['readings_affected', 'whole', ({ affected }) => affected],
    ['readings_lost', 'whole', ({ lost }) => lost],
    ['readings_repeated', 'whole', ({ repeated }) => repeated],
    ['largest_delay_s', 'number', ({ delayMaxMs }) => delayMaxMs / 1000],
    [
      'energy_error_kwh',
      'number',
      ({ energyErrorMwh }) => (energyErrorMwh === null ? null : energyErrorMwh / MWH_PER_KWH),
    ],
    ['is_final', 'whole', ({ isFinal }) => (isFinal ? 1 : 0)],
  ]);
}

/** What a change saves within a boundary. */
interface Measure extends WindowChange {
  readonly boundary: 'factory' | 'machine' | 'main_meter';
  readonly machineId: string | null;
  readonly actualMwh: number;
  readonly withoutMwh: number;
  /** The changes that may influence its savings. */
  readonly others: readonly WindowChange[];
}

/**
 * The changes that act in a window, oldest first: a row for the factory without its meters, one for
 * every machine whose energy differs, and one for a main meter. Costs need a tariff.
 */
export function measuresTable(
  { fromMs, toMs }: WindowRequest,
  { fleet, machines }: Plan,
  { savings }: AnswerKey,
): RecordTable {
  const meters = new Set(machines.flatMap(({ id, type }) => (type.isMainMeter ? id : [])));
  const place = new Map(machines.map(({ id }, i) => [id, i]));
  const changes = changesIn(fleet, fromMs, toMs);
  const rows = changes.flatMap((each, change): Measure[] => {
    const others = changes.filter((other) => other !== each && doInteract(fleet, each, other));
    const own = savings
      .filter((saving) => saving.change === change)
      .toSorted((a, b) => (place.get(a.machineId) ?? 0) - (place.get(b.machineId) ?? 0));
    const counted = own.filter(({ machineId }) => !meters.has(machineId));
    const all = {
      actualMwh: counted.reduce((sum, { actualMwh }) => sum + actualMwh, 0),
      withoutMwh: counted.reduce((sum, { withoutMwh }) => sum + withoutMwh, 0),
    };
    return [
      { ...each, others, boundary: 'factory', machineId: null, ...all },
      ...own
        .filter(({ actualMwh, withoutMwh }) => actualMwh !== withoutMwh)
        .map(({ machineId, actualMwh, withoutMwh }) => {
          const boundary = meters.has(machineId) ? ('main_meter' as const) : ('machine' as const);
          return { ...each, others, boundary, machineId, actualMwh, withoutMwh };
        }),
    ];
  });
  return table<Measure>('measures', rows, [
    [
      'id',
      'text',
      ({ story, event, occurrence, machineId }) =>
        occurrenceId(story, event.id, occurrence.index, machineId ?? ''),
    ],
    ['scenario', 'text', ({ story }) => story.name],
    ['event', 'text', ({ event }) => event.id],
    ['as', 'text', ({ occurrence }) => occurrence.as],
    ['boundary', 'text', ({ boundary }) => boundary],
    ['machine_id', 'text', ({ machineId }) => machineId],
    ['change', 'text', changeText],
    ['from', 'time', ({ occurrence }) => secondText(occurrence.beginS)],
    [
      'until',
      'time',
      ({ occurrence: { endS } }) => secondText(Number.isFinite(endS) ? endS : null),
    ],
    [
      'true_savings_kwh',
      'number',
      ({ actualMwh, withoutMwh }) => (withoutMwh - actualMwh) / MWH_PER_KWH,
    ],
    [
      'true_savings_percent',
      'number',
      ({ actualMwh, withoutMwh }) =>
        withoutMwh === 0 ? null : (100 * (withoutMwh - actualMwh)) / withoutMwh,
    ],
    ['true_savings_cost', 'number', () => null],
    ['true_savings_co2_kg', 'number', () => null],
    [
      'interacts_with',
      'text',
      ({ others }) => {
        const names = new Set(others.map(({ story, event }) => `${story.name}/${event.id}`));
        return names.size === 0 ? null : [...names].join(';');
      },
    ],
  ]);
}

/** What a change says, as its file does. */
function changeText({ story, event, occurrence }: Measure): string {
  const { as: _, ...keys } = valuesOf(story, event, occurrence) ?? {};
  return JSON.stringify(keys);
}

/** What each machine takes by the hour, and what it would take without all measures. */
export function expectedTable(
  { fromMs }: WindowRequest,
  plan: Plan,
  { energy }: AnswerKey,
): RecordTable {
  const ordered = inOrder(energy, plan, ({ machineId }) => machineId);
  const first = firstStep(fromMs, HOUR_MS);
  const hours = ordered[0]?.actualMwh.length ?? 0;
  function* rows(): Generator<(string | number)[]> {
    for (let hour = 0; hour < hours; hour++) {
      const time = timeText((first + hour) * HOUR_MS);
      for (const { machineId, expectedMwh, actualMwh } of ordered)
        yield [
          time,
          machineId,
          (expectedMwh[hour] as number) / MWH_PER_KWH,
          (actualMwh[hour] as number) / MWH_PER_KWH,
        ];
    }
  }
  return {
    name: 'expected',
    columns: [
      { name: 'time', kind: 'time' },
      { name: 'machine_id', kind: 'text' },
      { name: 'expected_kwh', kind: 'number' },
      { name: 'actual_kwh', kind: 'number' },
    ],
    rows: { [Symbol.iterator]: rows },
  };
}

/** What each anomaly costs by the quarter-hour. */
export function excessTable({ anomalies }: AnswerKey): RecordTable {
  const ordered = anomalies.toSorted((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
  function* rows(): Generator<(string | number)[]> {
    for (const { id, excess } of ordered)
      for (const [i, endS] of (excess?.endsS ?? []).entries())
        yield [
          timeText(1000 * endS),
          id,
          (excess?.mwh[i] as number) / MWH_PER_KWH,
          excess?.lostUnits[i] as number,
        ];
  }
  return {
    name: 'excess',
    columns: [
      { name: 'time', kind: 'time' },
      { name: 'id', kind: 'text' },
      { name: 'excess_kwh', kind: 'number' },
      { name: 'lost_production_units', kind: 'whole' },
    ],
    rows: { [Symbol.iterator]: rows },
  };
}

/** The scenarios that are told. */
export function scenariosTable(request: WindowRequest): RecordTable {
  const named = storiesOf(request).filter(({ name }) => name !== '');
  return table('scenarios', named, [
    ['name', 'text', ({ name }) => name],
    ['digest', 'text', ({ digest }) => digest ?? null],
    ['periods', 'text', ({ periods }) => (periods ? JSON.stringify(periodTexts(periods)) : null)],
  ]);
}
