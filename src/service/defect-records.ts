import { setImmediate as turn } from 'node:timers/promises';
import type { Machine } from '../core/factory.ts';
import { type DefectTruth, defectTruthsOf, uncountedDefects } from '../dataset/defect-truth.ts';
import { timeText } from '../encoding/time.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { CommandError } from './command-error.ts';

const DAY_MS = 86_400_000;
/** Shortest part of a window in which defects are looked for. */
const STEP_MIN_MS = 60_000;
/** Defects of a window that one request may find; they are sorted in memory. */
const FOUND_MAX = 20_000;
/** Defects found before the event loop gets a turn: some ten milliseconds. */
const SLICE_DEFECTS = 500;
/** Readings that one request may count: some seconds. */
const READINGS_MAX = 1_000_000;
/** Readings counted before the event loop gets a turn: some ten milliseconds. */
const SLICE_READINGS = 2500;
const MWH_PER_KWH = 1e6;

/**
 * The defects of some machines that act in a window, oldest first; nothing is counted yet.
 *
 * @throws CommandError if there are too many; the reason of `signal`, if that stops the work.
 */
export async function defectsIn(
  machines: readonly Machine[],
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<readonly DefectTruth[]> {
  const found = new Map<string, DefectTruth>();
  for (const machine of machines) {
    if (!machine.story?.hasDefects) continue;
    let stepMs = DAY_MS;
    for (let atMs = fromMs, untilMs = fromMs; atMs < toMs; atMs = untilMs) {
      untilMs = Math.min(atMs + stepMs, toMs);
      const part = uncountedDefects(machine, atMs, untilMs);
      for (const each of part) found.set(each.id, each);
      if (part.length > SLICE_DEFECTS) stepMs = Math.max(STEP_MIN_MS, Math.ceil(stepMs / 8));
      if (found.size > FOUND_MAX) throw tooMany(`has more than ${FOUND_MAX} defects`);
      await turn();
      signal.throwIfAborted();
    }
  }
  const isFinal = ({ endS }: DefectTruth) => endS !== null && 1000 * endS <= toMs;
  return [...found.values()]
    .map((each) => ({ ...each, isFinal: isFinal(each) }))
    .sort((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
}

/**
 * Counts what some defects do in a window.
 *
 * @throws CommandError if that takes too many readings; the reason of `signal`.
 */
export async function countedDefects(
  fleet: Fleet,
  found: readonly DefectTruth[],
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<readonly DefectTruth[]> {
  const counts = new Map(found.map((each) => [each.id, each]));
  let readings = 0;
  for (const [machine, spans] of spansOf(fleet, found, fromMs, toMs)) {
    const { intervalMs } = machine;
    for (const [startMs, endMs] of spans) {
      readings += (endMs - startMs) / intervalMs;
      if (readings > READINGS_MAX) throw tooMany(`has more than ${READINGS_MAX} readings to count`);
    }
    for (const [startMs, endMs] of spans)
      for (let atMs = startMs; atMs < endMs; atMs += SLICE_READINGS * intervalMs) {
        const untilMs = Math.min(atMs + SLICE_READINGS * intervalMs, endMs);
        for (const part of defectTruthsOf(fleet, machine, atMs, untilMs)) {
          const before = counts.get(part.id);
          if (before) counts.set(part.id, together(before, part));
        }
        await turn();
        signal.throwIfAborted();
      }
  }
  return [...counts.values()];
}

/** The spans of a window in which any of some defects acts, by machine and in order. */
function spansOf(fleet: Fleet, found: readonly DefectTruth[], fromMs: number, toMs: number) {
  const byMachine = new Map<Machine, [number, number][]>();
  for (const { machineId, startS, endS } of found) {
    const machine = fleet.byId.get(machineId);
    if (!machine) continue;
    const spans = byMachine.get(machine) ?? [];
    byMachine.set(machine, spans);
    // What happens at an instant acts on the reading after it.
    const lastMs = Math.max(1000 * (endS ?? Infinity), 1000 * startS + machine.intervalMs);
    const span: [number, number] = [Math.max(fromMs, 1000 * startS), Math.min(toMs, lastMs)];
    const last = spans.at(-1);
    if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]);
    else spans.push(span);
  }
  return byMachine;
}

/** What a defect does in two parts of a window. */
function together(a: DefectTruth, b: DefectTruth): DefectTruth {
  const isOfRegister = a.energyErrorMwh === null || b.energyErrorMwh === null;
  return {
    ...a,
    parameters: b.parameters,
    affected: a.affected + b.affected,
    lost: a.lost + b.lost,
    repeated: a.repeated + b.repeated,
    delayMaxMs: Math.max(a.delayMaxMs, b.delayMaxMs),
    energyErrorMwh: isOfRegister ? null : (a.energyErrorMwh ?? 0) + (b.energyErrorMwh ?? 0),
  };
}

function tooMany(what: string): CommandError {
  const message = `the window ${what}; request a shorter one, or one machine`;
  return new CommandError('invalid', 'the window is too long', [{ path: 'to', message }]);
}

/** A defect as it is published. */
export function defectMessage(record: DefectTruth, nowMs: number) {
  const active = 1000 * (record.endS ?? Number.POSITIVE_INFINITY) > nowMs;
  return { ...identityOf(record), active };
}

/** Which defect it is, where, and when. */
function identityOf(record: DefectTruth) {
  const { endS } = record;
  return {
    id: record.id,
    scenario: record.scenario,
    event: record.event,
    machine_id: record.machineId,
    channel: record.channels.join(';') || null,
    fields: record.fields.join(';') || null,
    class: record.class,
    kind: record.kind,
    parameters: { ...record.parameters },
    started_at: timeText(record.startS * 1000),
    ended_at: endS === null ? null : timeText(endS * 1000),
  };
}

/** A row of the table of defects. */
export function defectRow(record: DefectTruth) {
  const { energyErrorMwh } = record;
  return {
    ...identityOf(record),
    readings_affected: record.affected,
    readings_lost: record.lost,
    readings_repeated: record.repeated,
    largest_delay_s: record.delayMaxMs / 1000,
    energy_error_kwh: energyErrorMwh === null ? null : energyErrorMwh / MWH_PER_KWH,
    is_final: record.isFinal,
  };
}
