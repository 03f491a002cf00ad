import { setImmediate as turn } from 'node:timers/promises';
import { occurrenceId } from '../core/occurrence.ts';
import { changesIn, doInteract, fleetWithout, type WindowChange } from '../dataset/savings.ts';
import { timeText } from '../encoding/time.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { EnergyCount, isUntouched } from '../simulation/savings.ts';
import { valuesOf } from '../stories/index.ts';
import { CommandError } from './command-error.ts';

/** Changes that one request may compare: each needs a fleet without it. */
const CHANGES_MAX = 100;
/** Readings that one request may count: some seconds. */
const READINGS_MAX = 2_000_000;
/** Readings counted before the event loop gets a turn: some ten milliseconds. */
const SLICE_READINGS = 5000;
const MWH_PER_KWH = 1e6;

/** What a change saves within a boundary [mWh]. */
interface Saving {
  readonly boundary: 'factory' | 'machine' | 'main_meter';
  readonly machineId: string | null;
  readonly actualMwh: number;
  readonly withoutMwh: number;
}

/**
 * The changes of stories that act in a window, oldest first, with what they save: of the factory
 * without its meters, of every machine whose energy differs, and by a main meter.
 *
 * @throws CommandError if there is too much to compare; the reason of `signal`.
 */
export async function measuresIn(fleet: Fleet, fromMs: number, toMs: number, signal: AbortSignal) {
  const changes = changesIn(fleet, fromMs, toMs);
  if (changes.length > CHANGES_MAX) throw tooMuch(`has more than ${CHANGES_MAX} changes`);
  const budget = { readings: READINGS_MAX };
  const rows = [];
  for (const change of changes) {
    const savings = await savingsOf(fleet, change, fromMs / 1000, toMs / 1000, budget, signal);
    const others = changes.filter((other) => other !== change && doInteract(fleet, change, other));
    for (const saving of savings) rows.push(shown(change, saving, others));
  }
  return rows;
}

async function savingsOf(
  fleet: Fleet,
  change: WindowChange,
  fromS: number,
  toS: number,
  budget: { readings: number },
  signal: AbortSignal,
): Promise<readonly Saving[]> {
  const { story, occurrence } = change;
  const begin = Math.max(fromS, occurrence.beginS);
  const end = Math.min(toS, occurrence.endS);
  const without = fleetWithout(fleet, change);
  const own: Saving[] = [];
  for (const { id, type, intervalMs, metered = [], factoryId } of fleet.machines) {
    if (factoryId !== story.factoryId) continue;
    const isSame = isUntouched(fleet, without, id);
    if (isSame && type.isMainMeter) continue;
    const intervals = metered.reduce((sum, each) => sum + intervalMs / each.intervalMs, 1);
    budget.readings -= ((isSame ? 1 : 2) * intervals * (1000 * (end - begin))) / intervalMs;
    if (budget.readings < 0) throw tooMuch(`has more than ${READINGS_MAX} readings to compare`);
    const slice = Math.ceil(SLICE_READINGS / intervals);
    const actualMwh = await energyMwh(fleet, id, begin, end, slice, signal);
    const withoutMwh = isSame ? actualMwh : await energyMwh(without, id, begin, end, slice, signal);
    const boundary = type.isMainMeter ? 'main_meter' : 'machine';
    own.push({ boundary, machineId: id, actualMwh, withoutMwh });
  }
  const counted = own.filter(({ boundary }) => boundary === 'machine');
  const sum = (key: 'actualMwh' | 'withoutMwh') =>
    counted.reduce((total, each) => total + each[key], 0);
  const all = { actualMwh: sum('actualMwh'), withoutMwh: sum('withoutMwh') };
  return [
    { boundary: 'factory', machineId: null, ...all },
    ...own.filter(({ actualMwh, withoutMwh }) => actualMwh !== withoutMwh),
  ];
}

async function energyMwh(
  fleet: Fleet,
  machineId: string,
  fromS: number,
  toS: number,
  slice: number,
  signal: AbortSignal,
): Promise<number> {
  if (!fleet.byId.has(machineId)) return 0;
  const count = new EnergyCount(fleet, machineId, fromS, toS);
  while (!count.advance(slice)) {
    await turn();
    signal.throwIfAborted();
  }
  return count.mwh;
}

function shown(
  { story, event, occurrence }: WindowChange,
  saving: Saving,
  others: readonly WindowChange[],
) {
  const { boundary, machineId, actualMwh, withoutMwh } = saving;
  const { as, beginS, endS, index } = occurrence;
  const { as: _as, ...keys } = valuesOf(story, event, occurrence) ?? {};
  const savedMwh = withoutMwh - actualMwh;
  return {
    id: occurrenceId(story, event.id, index, machineId ?? ''),
    scenario: story.name,
    event: event.id,
    as,
    boundary,
    machine_id: machineId,
    change: keys,
    from: timeText(1000 * beginS),
    until: Number.isFinite(endS) ? timeText(1000 * endS) : null,
    true_savings_kwh: savedMwh / MWH_PER_KWH,
    true_savings_percent: withoutMwh === 0 ? null : (100 * savedMwh) / withoutMwh,
    // The simulator has no tariff.
    true_savings_cost: null,
    true_savings_co2_kg: null,
    interacts_with: [...new Set(others.map((each) => `${each.story.name}/${each.event.id}`))],
  };
}

function tooMuch(what: string): CommandError {
  const message = `the window ${what}; request a shorter one`;
  return new CommandError('invalid', 'the window is too long', [{ path: 'to', message }]);
}
