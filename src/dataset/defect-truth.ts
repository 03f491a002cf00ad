import { Batch, LOST, READING, REPEAT } from '../core/batch.ts';
import type { Defect } from '../core/defect.ts';
import type { Machine, ToldDefect } from '../core/factory.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { type DefectValue, isDraw, occurrenceId } from '../core/occurrence.ts';
import { defectNamed } from '../defects/index.ts';
import { Memo } from '../runtime/memo.ts';
import { Cursor } from '../simulation/cursor.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { Instruments } from '../simulation/instruments.ts';
import { batches, createReader } from '../simulation/reader.ts';
import { dayTotals, Register } from '../simulation/register.ts';
import { STATUS_INTERVAL_S } from './window-reader.ts';

/** What one occurrence of a defect does to one machine inside a window. */
export interface DefectTruth {
  readonly id: string;
  /** Names of the scenario and of its event; null if a client asked for it. */
  readonly scenario: string | null;
  readonly event: string | null;
  readonly machineId: string;
  /** The channels on which it acts; empty for all of them. */
  readonly channels: readonly string[];
  readonly fields: readonly string[];
  readonly class: Defect['class'];
  readonly kind: string;
  /** The keys of its kind, with everything that is drawn once. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly startS: number;
  /** Null if it lasts for good [s]. */
  readonly endS: number | null;
  /** Readings on which it acts, whether or not a value differs. */
  readonly affected: number;
  readonly lost: number;
  readonly repeated: number;
  readonly delayMaxMs: number;
  /** Told less true energy of the readings on which it acts [mWh]; null for a register. */
  readonly energyErrorMwh: number | null;
  /** Whether it has ended inside the window. */
  readonly isFinal: boolean;
}

/** Rows at a time: one machine is read at once. */
const ROWS = 256;
const MWH_PER_KWH = 1e6;

/** The instrument defects of one machine that act inside a window, by begin. */
export function defectTruthsOf(
  fleet: Fleet,
  machine: Machine,
  fromMs: number,
  toMs: number,
): DefectTruth[] {
  const [fromS, toS] = [fromMs / 1000, toMs / 1000];
  const counts = countsIn(machine, fromS, toS);
  for (const [beginS, endS] of spansOf(counts, fromS, toS))
    countSpan(fleet, machine, counts, beginS, endS);
  return counts.map((count) => count.truth(fleet, toS));
}

/** As {@link defectTruthsOf}, without reading the machine: nothing is counted. */
export function uncountedDefects(machine: Machine, fromMs: number, toMs: number): DefectTruth[] {
  const toS = toMs / 1000;
  return countsIn(machine, fromMs / 1000, toS).map((count) => count.truth(undefined, toS));
}

function countsIn(machine: Machine, fromS: number, toS: number): DefectCount[] {
  const { story } = machine;
  if (!story?.hasDefects) return [];
  return story.defects(fromS, toS).flatMap((told) => {
    const count = new DefectCount(told, machine);
    return count.canAct && count.lastS > fromS ? count : [];
  });
}

/** The spans of a window in which any defect acts, in order. */
function spansOf(counts: readonly DefectCount[], fromS: number, toS: number) {
  const spans: [number, number][] = [];
  for (const { beginS, lastS } of counts) {
    const span: [number, number] = [Math.max(fromS, beginS), Math.min(toS, lastS)];
    const last = spans.at(-1);
    if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]);
    else spans.push(span);
  }
  return spans;
}

/** Reads what a machine tells in a span, and what it should. */
function countSpan(
  fleet: Fleet,
  machine: Machine,
  counts: readonly DefectCount[],
  beginS: number,
  endS: number,
): void {
  const reader = createReader(fleet, {
    machines: [machine],
    hasRegisters: false,
    statusIntervalS: STATUS_INTERVAL_S,
  });
  reader.seek(1000 * beginS);
  const reading: Reading = { tS: Number.NaN, truth: new Float64Array(ROW_WIDTH), errorMwh: 0 };
  const waiting = counts.toReversed();
  let acting: DefectCount[] = [];
  const finish = () => {
    const { tS } = reading;
    if (Number.isNaN(tS)) return;
    for (let next = waiting.at(-1); next && next.beginS < tS; next = waiting.at(-1)) {
      acting.push(next);
      waiting.pop();
    }
    if (acting.some(({ lastS }) => lastS < tS)) acting = acting.filter(({ lastS }) => lastS >= tS);
    for (const count of acting) count.add(reading);
  };
  for (const batch of batches(reader, 1000 * endS, new Batch(ROWS)))
    for (let row = 0; row < batch.length; row++) {
      const flags = batch.flags[row] as number;
      if ((flags & (READING | LOST)) === 0) continue;
      const tS = (batch.timesMs[row] as number) / 1000;
      const { type } = batch.machines[row] as Machine;
      if (reading.tS !== tS) {
        finish();
        reading.tS = tS;
        reading.truth.set(batch.trueRow(row));
        reading.errorMwh = -mwhOf(reading.truth, 0, type);
      }
      // All rows of a reading have all its values, whatever its channels.
      const isTold = (flags & READING) !== 0 && (flags & REPEAT) === 0;
      const energy = energyChannel.of(type).position;
      if (isTold && energy >= 0 && batch.carries(row, energy))
        reading.errorMwh += mwhOf(batch.values, row * ROW_WIDTH, type);
    }
  finish();
}

/** A reading that a machine has made. */
interface Reading {
  tS: number;
  readonly truth: Float64Array;
  /** Told less true energy [mWh]. */
  errorMwh: number;
}

function mwhOf(values: Float64Array, at: number, { electricityColumn }: MachineType): number {
  if (electricityColumn < 0) return 0;
  return Math.round(MWH_PER_KWH * (values[at + electricityColumn + 1] as number));
}

/** Where a type has its electrical energy: the position of the channel; −1 if it has none. */
const energyChannel = new Memo(({ channels, electricityColumn }: MachineType) => {
  const isEnergy = ({ column }: { readonly column: number }) => column === electricityColumn + 1;
  return { position: channels.findIndex(({ fields }) => fields.some(isEnergy)) };
});

/** Counts what one occurrence does, as if no other defect acted. */
class DefectCount {
  readonly told: ToldDefect;
  readonly #machine: Machine;
  readonly #defect: Defect;
  readonly #alone: Instruments;
  readonly #row = new Float64Array(ROW_WIDTH);
  #affected = 0;
  #lost = 0;
  #repeated = 0;
  #delayMaxMs = 0;
  #errorMwh = 0;

  constructor(told: ToldDefect, machine: Machine) {
    const { kind } = told.occurrence;
    const defect = defectNamed(kind);
    if (!defect) throw new RangeError(`${told.event}: no kind of defect ${kind}`);
    this.told = told;
    this.#machine = machine;
    this.#defect = defect;
    const story = { ...machine.story, key: '', hasDefects: true, defects: () => [told] };
    this.#alone = new Instruments({ ...machine, story: { incidents: () => [], ...story } });
  }

  /** Whether the machine has what it acts on. */
  get canAct(): boolean {
    const { fields, channels } = this.told.occurrence;
    const own = this.#machine.type.channels.filter(({ name }) => channels?.includes(name) ?? true);
    if (!fields) return own.length > 0;
    return own.some((channel) => channel.fields.some(({ name }) => fields.includes(name)));
  }

  get beginS(): number {
    return this.told.occurrence.beginS;
  }

  /** The end of the reading up to which it acts [s]. */
  get lastS(): number {
    const { beginS, endS } = this.told.occurrence;
    return this.#defect.isInstant ? beginS + this.#machine.intervalMs / 1000 : endS;
  }

  /** Adds a reading of its span, if it acts on it. */
  add({ tS, truth, errorMwh }: Reading): void {
    this.#row.set(truth);
    const isOfRegister = this.#defect.class === 'register';
    if (this.#alone.tell(this.#row, 0, tS) === 0 && !isOfRegister) return;
    this.#affected++;
    this.#errorMwh += errorMwh;
    const { deliveries } = this.#alone;
    if (deliveries.some(({ receivedMs }) => receivedMs === Number.POSITIVE_INFINITY)) this.#lost++;
    if (deliveries.some(({ repeatedMs }) => !Number.isNaN(repeatedMs))) this.#repeated++;
    for (const { receivedMs, repeatedMs } of deliveries)
      for (const atMs of [receivedMs, repeatedMs])
        if (Number.isFinite(atMs)) this.#delayMaxMs = Math.max(this.#delayMaxMs, atMs - 1000 * tS);
  }

  /** @param fleet - Without it, what a register showed is left out. */
  truth(fleet: Fleet | undefined, toS: number): DefectTruth {
    const { story, event, occurrence } = this.told;
    const { id: machineId, type } = this.#machine;
    const { class: name, isInstant } = this.#defect;
    const { kind, fields = [], beginS, endS } = occurrence;
    const isOfClient = story.name === '';
    const lastS = isInstant ? beginS : endS;
    return {
      id: isOfClient ? event : occurrenceId(story, event, occurrence.index, machineId),
      scenario: isOfClient ? null : story.name,
      event: isOfClient ? null : event,
      machineId,
      channels: this.#channels(),
      fields: fields.filter((field) => type.fields.some((each) => each.name === field)),
      class: name,
      kind,
      parameters: { ...parametersOf(occurrence), ...(fleet && this.#registers(fleet)) },
      startS: beginS,
      endS: Number.isFinite(lastS) ? lastS : null,
      affected: this.#affected,
      lost: this.#lost,
      repeated: this.#repeated,
      delayMaxMs: this.#delayMaxMs,
      energyErrorMwh: name === 'register' ? null : this.#errorMwh,
      isFinal: lastS <= toS,
    };
  }

  /** The channels on which it acts, by name; none: all. */
  #channels(): readonly string[] {
    const { channels, fields } = this.told.occurrence;
    const { type } = this.#machine;
    const column = { wiring: type.electricityColumn, register: type.registerColumn };
    const { class: name } = this.#defect;
    const own = type.channels.filter((channel) => {
      if (channels && !channels.includes(channel.name)) return false;
      if (fields) return channel.fields.some((field) => fields.includes(field.name));
      if (name !== 'wiring' && name !== 'register') return true;
      return channel.fields.some((field) => field.column === column[name]);
    });
    return own.length === type.channels.length ? [] : own.map((channel) => channel.name);
  }

  /** What a register showed last, and what it shows first after an instant. */
  #registers(fleet: Fleet): Readonly<Record<string, number>> {
    if (this.#defect.class !== 'register' || !this.#defect.isInstant) return {};
    const machine = this.#machine;
    const { journal } = fleet;
    const register = new Register(machine, journal, {
      newCursor: () => new Cursor(machine, journal),
      newWiring: () => new Instruments(machine),
      totals: dayTotals(machine).told,
    });
    const { beginS, values } = this.told.occurrence;
    const instruments = new Instruments(machine);
    return {
      old_final: instruments.registerAtKwh(register, beginS),
      new_initial: (values['value'] as number | undefined) ?? 0,
    };
  }
}

/** The keys of a defect, as a file has them. */
function parametersOf({
  values,
  growth,
}: ToldDefect['occurrence']): Readonly<Record<string, unknown>> {
  const own = Object.entries(values).map(([name, value]) => [name, fileValue(value)] as const);
  return {
    ...Object.fromEntries(own),
    ...(growth?.rampS !== undefined && { ramp: growth.rampS, curve: growth.curve }),
    ...(growth?.fadeS !== undefined && { fade: growth.fadeS }),
  };
}

function fileValue(value: DefectValue): unknown {
  return isDraw(value) && 'oneOf' in value ? { one_of: value.oneOf } : value;
}
