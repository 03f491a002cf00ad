import { setImmediate as turn } from 'node:timers/promises';
import type { Defect } from '../core/defect.ts';
import type { Machine } from '../core/factory.ts';
import { type DefectValue, isDraw, occurrenceId } from '../core/occurrence.ts';
import { defectNamed } from '../defects/index.ts';
import { timeText } from '../encoding/time.ts';
import { DEFECTS_OF_CLIENTS } from '../stories/told.ts';
import { CommandError } from './command-error.ts';

const DAY_S = 86_400;
/** Defects of a window that one request may find; they are sorted in memory. */
const FOUND_MAX = 100_000;

/** A defect of one machine, for the answer key. */
export interface DefectRecord {
  readonly id: string;
  readonly machineId: string;
  /** Null for a defect that a client gave. */
  readonly scenario: string | null;
  readonly event: string | null;
  readonly class: Defect['class'];
  readonly kind: string;
  readonly channels: readonly string[];
  readonly fields: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly startS: number;
  /** Infinite: for good. Of what happens at an instant, that instant. */
  readonly endS: number;
}

/** The defects of a machine that overlap a span, oldest first. */
export function defectsOf({ id, story }: Machine, fromS: number, toS: number): DefectRecord[] {
  if (!story?.hasDefects) return [];
  return story.defects(fromS, toS).flatMap(({ story: key, event, occurrence }) => {
    const { kind, channels = [], fields = [], values, beginS, endS, index } = occurrence;
    const defect = defectNamed(kind);
    const end = defect?.isInstant ? beginS : endS;
    // What happened at an instant is told for good, and it happened once.
    if (!defect || (end === beginS && beginS <= fromS)) return [];
    const isOfClient = key.name === DEFECTS_OF_CLIENTS;
    return {
      id: isOfClient ? event : occurrenceId(key, event, index, id),
      machineId: id,
      scenario: isOfClient ? null : key.name,
      event: isOfClient ? null : event,
      class: defect.class,
      kind,
      channels,
      fields,
      parameters: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, asInFile(value)]),
      ),
      startS: beginS,
      endS: end,
    };
  });
}

/** A value as a scenario file has it. */
function asInFile(value: DefectValue): unknown {
  return isDraw(value) && 'oneOf' in value ? { one_of: value.oneOf } : value;
}

/**
 * The defects of some machines that overlap a window, oldest first.
 *
 * @throws CommandError if there are too many; the reason of `signal`, if that stops the work.
 */
export async function defectsIn(
  machines: readonly Machine[],
  fromS: number,
  toS: number,
  signal: AbortSignal,
): Promise<readonly DefectRecord[]> {
  const found: DefectRecord[] = [];
  for (const machine of machines) {
    if (!machine.story?.hasDefects) continue;
    // Day by day, so that a short period in a long window is noticed in time.
    for (let dayS = fromS; dayS < toS; dayS += DAY_S) {
      const overlapping = defectsOf(machine, dayS, Math.min(dayS + DAY_S, toS));
      for (const each of overlapping) if (dayS === fromS || each.startS >= dayS) found.push(each);
      if (found.length <= FOUND_MAX) continue;
      const message = `has more than ${FOUND_MAX} defects; request a shorter window or one machine`;
      throw new CommandError('invalid', 'too many defects', [{ path: 'to', message }]);
    }
    await turn();
    signal.throwIfAborted();
  }
  return found.sort((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
}

/** A defect as it is published. */
export function defectMessage(record: DefectRecord, nowMs: number) {
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
    ended_at: Number.isFinite(endS) ? timeText(endS * 1000) : null,
    active: endS * 1000 > nowMs,
  };
}
